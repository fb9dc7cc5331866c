import { Session } from "./refreshd.js";

const out = document.getElementById("out"), list = document.getElementById("sessions");
const session = new Session({ onchange: shown });

function show(title, status, body) {
	out.textContent = `${title} → ${status}\n${body ? JSON.stringify(body, null, 2) : ""}`;
}

function shown(loggedIn) {
	document.body.className = loggedIn ? "in" : "out";
	list.replaceChildren();
	if (!loggedIn)
		out.textContent = "Not logged in.";
}

async function call(method, path) {
	const response = await session.fetch(path, { method });
	const text = await response.text();
	return { status: response.status, body: text ? JSON.parse(text) : null };
}

async function get(path) {
	const { status, body } = await call("GET", path);
	show(`GET ${path}`, status, body);
}

async function login(form) {
	await session.login(form.get("name"), form.get("password"));
	show("POST /session/login", 200);
	await sessions();
}

async function refresh() {
	await session.refresh();
	show("POST /session/refresh", 200);
}

// What twenty tabs do when their access token runs out, in a browser without Web Locks: each sends the same cookie.
async function tabs() {
	const one = () => fetch("/session/refresh", { method: "POST", headers: { "Content-Type": "application/json" } });
	const answers = await Promise.all(Array.from({ length: 20 }, one));
	await session.refresh(); // and the session still stands
	show("20 × POST /session/refresh", answers.map((answer) => answer.status).join(" "));
}

function row({ sid, current, created, last_seen, ip, user_agent }) {
	const item = document.createElement("li"), button = document.createElement("button");
	const time = (seconds) => new Date(seconds * 1000).toLocaleString();
	button.textContent = current ? "End this session" : "End";
	button.addEventListener("click", () => run(() => end(sid)));
	const what = `${user_agent || "unknown"} from ${ip || "unknown"}`;
	item.append(`${what}, since ${time(created)}, last seen ${time(last_seen)} `, button);
	return item;
}

async function sessions() {
	const { status, body } = await call("GET", "/sessions");
	list.replaceChildren(...(body.sessions ?? []).map(row));
	show("GET /sessions", status, { total: body.total });
}

async function end(sid) {
	const { status } = await call("DELETE", `/sessions/${sid}`);
	await sessions(); // with the own session gone, this finds out
	show(`DELETE /sessions/${sid}`, status);
}

const actions = {
	refresh, tabs, sessions, logout: () => session.logout(),
	protected: () => get("/protected"), sensitive: () => get("/sensitive"),
};

function run(action) {
	action().catch((error) => { out.textContent = String(error); });
}

document.getElementById("login").addEventListener("submit", (event) => {
	event.preventDefault();
	run(() => login(new FormData(event.target)));
});
for (const button of document.querySelectorAll("[data-do]"))
	button.addEventListener("click", () => run(actions[button.dataset.do]));
run(async () => { if (await session.resume()) await sessions(); });
