"use strict";

// The access and the refresh token of this page. A real app keeps the refresh token in an HttpOnly cookie.
const tokens = { access: "", refresh: "" };
const out = document.getElementById("out");

function show(title, status, body) {
	out.textContent = `${title} → ${status}\n${JSON.stringify(body, null, 2)}`;
}

async function call(path, options) {
	const response = await fetch(path, options);
	return { status: response.status, body: await response.json() };
}

function post(path, body) {
	return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function keep(body) {
	tokens.access = body.accessToken || tokens.access;
	tokens.refresh = body.refreshToken || tokens.refresh;
}

async function login(form) {
	const { status, body } = await post("/login", { name: form.get("name"), password: form.get("password") });
	keep(body);
	show("POST /login", status, body);
}

async function refresh() {
	const { status, body } = await post("/auth/refresh", { refresh_token: tokens.refresh });
	keep(body);
	show("POST /auth/refresh", status, body);
}

// What twenty tabs do when their access token runs out: each sends the same refresh token.
async function tabs() {
	const one = () => post("/auth/refresh", { refresh_token: tokens.refresh });
	const answers = await Promise.all(Array.from({ length: 20 }, one));
	keep(answers[0].body);
	show("20 × POST /auth/refresh", answers.map((a) => a.status).join(" "), {
		"different refresh tokens": new Set(answers.map((a) => a.body.refreshToken)).size,
	});
}

async function get(path) {
	const { status, body } = await call(path, { headers: { Authorization: `Bearer ${tokens.access}` } });
	show(`GET ${path}`, status, body);
}

const actions = { refresh, tabs, protected: () => get("/protected"), sensitive: () => get("/sensitive") };

function run(action) {
	action().catch((error) => { out.textContent = String(error); });
}

document.getElementById("login").addEventListener("submit", (event) => {
	event.preventDefault();
	run(() => login(new FormData(event.target)));
});
for (const button of document.querySelectorAll("[data-do]"))
	button.addEventListener("click", () => run(actions[button.dataset.do]));
