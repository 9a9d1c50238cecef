"""The pages: what a person sees and presses. Views read the clock and the form; the verbs do the work."""
