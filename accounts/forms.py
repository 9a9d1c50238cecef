from django import forms


class SignupForm(forms.Form):
    name = forms.CharField(max_length=150)
    time_zone = forms.CharField(initial="UTC")

    def signup(self, request, user):
        pass
