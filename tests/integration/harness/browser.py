"""A browser as far as cookies go: it keeps what __Host- cookies allow, and says where a request comes from."""
import json

from .dialects import compact

REFRESH, CSRF = "__Host-refresh_token", "__Host-csrf_token"
HIDDEN = ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"]
READABLE = ["Path=/", "Secure", "SameSite=Strict"]
JSON = {"Content-Type": "application/json"}


def set_cookies(response):
    """name -> (value, age in seconds), of all Set-Cookie headers; each must have the right attributes."""
    found = {}
    for value in (v for n, v in response.headers if n.lower() == "set-cookie"):
        pair, age, *attributes = value.split("; ")
        name, _, content = pair.partition("=")
        assert name not in found and age.startswith("Max-Age="), response
        assert attributes == (READABLE if name == CSRF else HIDDEN), response
        found[name] = (content, int(age.removeprefix("Max-Age=")))
    return found


class Browser:
    """site: Sec-Fetch-Site of its requests; None for an old browser that sends none."""

    def __init__(self, stack, site="same-origin"):
        self.stack, self.site, self.cookies = stack, site, {}

    def send(self, path, body=None, headers=JSON, **more):
        headers = {**headers, **more}
        if self.site:
            headers["Sec-Fetch-Site"] = self.site
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        response = self.stack.http("POST", path, headers, body)
        for name, (value, age) in set_cookies(response).items():
            self.cookies.pop(name, None)
            if age > 0:
                self.cookies[name] = value
        return response

    def login(self, name=None, password=None):
        body = compact(name=name or self.stack.user, password=password or self.stack.password)
        return self.send("/session/login", body)

    def refresh(self, **more):
        return self.send("/session/refresh", **more)

    def logout(self, **more):
        return self.send("/session/logout", **more)

    @property
    def token(self):
        return self.cookies.get(REFRESH)


def access(response):
    """The access token of an answer that holds nothing else but its age."""
    assert response.status == 200, response
    answer = json.loads(response.body)
    assert tuple(answer) == ("access_token", "expires_in") and b"rt1_" not in response.body, response
    return answer["access_token"]
