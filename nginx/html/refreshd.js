// refreshd in the browser: the refresh token is in a cookie that no script can read, the access token here, in memory.
//
//   import { Session } from "./refreshd.js";
//   const session = new Session({ onchange: (loggedIn) => { … } });
//   await session.resume();               // whether somebody is logged in already
//   await session.fetch("/api/orders");   // with Authorization; refreshes when it must
//
// Only a 401 from the refresh itself means logged out. Whatever else goes wrong, the session is taken to stand.

const TRIES = 5; // of one refresh or logout, before the caller hears of it
const TIMEOUT_MS = 10_000; // of one try
const LONGEST_MS = 30_000; // between two tries, unless the server asks for more
const MARGIN_MS = 5_000; // so long before its end a token is not sent any more

export class LoggedOut extends Error {}
export class Unavailable extends Error {} // no answer, 429 or 5xx: later it may be better

const between = (least, most) => least + Math.random() * (most - least); // so that clients do not come all at once

function retryAfterMs(response) { // RFC 9110 section 10.2.3: seconds or a date
	const text = response.headers.get("Retry-After") ?? "";
	return Math.max(0, (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()) || 0);
}

function csrf() { // given out with cookie_csrf = token, needed by browsers that do not name a request's origin
	const found = /(?:^|; )__Host-csrf_token=([^;]*)/.exec(document.cookie);
	return found ? { "X-CSRF-Token": found[1] } : {};
}

async function post(path, body, more) {
	const headers = { "Content-Type": "application/json", ...csrf(), ...more };
	const options = { method: "POST", credentials: "same-origin", cache: "no-store", redirect: "error", headers };
	let response, text;
	try {
		response = await fetch(path, { ...options, body, signal: AbortSignal.timeout?.(TIMEOUT_MS) });
		text = await response.text();
	} catch (error) {
		throw new Unavailable(`${path}: ${error}`);
	}
	const { ok, status } = response;
	if (status === 429 || status >= 500)
		throw Object.assign(new Unavailable(`${path}: ${status}`), { afterMs: retryAfterMs(response) });
	return { ok, status, body: ok && text ? JSON.parse(text) : {} };
}

async function patiently(action, n = 1) {
	try {
		return await action();
	} catch (error) {
		if (!(error instanceof Unavailable) || n === TRIES)
			throw error;
		const wanted = (error.afterMs ?? 0) * between(1, 1.25), ours = Math.min(LONGEST_MS, 500 * 2 ** n) * between(0.5, 1);
		await new Promise((done) => { setTimeout(done, Math.max(wanted, ours)); });
		return patiently(action, n + 1);
	}
}

// Over all tabs, where the browser has Web Locks. Without them the server gives all tabs the same answer.
const oneAtATime = (action) => (navigator.locks ? navigator.locks.request("refreshd", action) : action());

export class Session {
	loggedIn = false;
	#access = "";
	#endsAt = 0;
	#timer;
	#pending;
	#tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("refreshd") : null;

	// origins: where fetch sends the access token; for all others it is the plain fetch.
	constructor({ path = "/session", origins = [location.origin], onchange = () => {} } = {}) {
		Object.assign(this, { path, origins, onchange });
		this.#tabs?.addEventListener("message", ({ data }) => this.#keep(data));
	}

	async login(name, password) { // not tried again by itself: each login is a session
		const body = JSON.stringify({ name, password });
		const answer = await oneAtATime(() => post(`${this.path}/login`, body));
		if (!answer.ok)
			throw new LoggedOut(`login: ${answer.status}`);
		this.#take(answer.body);
	}

	resume() {
		return this.refresh().then(() => true, (error) => { if (error instanceof LoggedOut) return false; throw error; });
	}

	// Gets another token than the stale one. LoggedOut, or Unavailable while the session is taken to stand.
	refresh(stale = this.#access) {
		return this.#pending ??= patiently(() => oneAtATime(() => this.#attempt(stale))).finally(() => this.#pending = null);
	}

	async logout() { // the access token ends the session too, should the cookie be lost
		const more = this.#access ? { Authorization: `Bearer ${this.#access}` } : {};
		const { status } = await patiently(() => oneAtATime(() => post(`${this.path}/logout`, null, more)));
		if (status !== 204 && status !== 401)
			throw new Error(`logout: ${status}`);
		this.#tell({ access: "", endsAt: 0 });
	}

	async fetch(input, init) {
		const request = new Request(input, init);
		if (!this.origins.includes(new URL(request.url).origin))
			return fetch(request);
		const send = (copy) => { copy.headers.set("Authorization", `Bearer ${this.#access}`); return fetch(copy); };
		if (Date.now() > this.#endsAt - MARGIN_MS)
			await this.refresh();
		const used = this.#access, response = await send(request.clone());
		// A token that is good but not fresh enough needs a login (RFC 9470): no refresh helps.
		if (response.status !== 401 || /insufficient_user/.test(response.headers.get("WWW-Authenticate")))
			return response;
		await this.refresh(used);
		return send(request);
	}

	async #attempt(stale) {
		if (this.#access && this.#access !== stale)
			return; // another tab was faster
		const { ok, status, body } = await post(`${this.path}/refresh`);
		if (ok)
			return this.#take(body);
		if (status !== 401)
			throw new Error(`refresh: ${status}`); // set up wrong, perhaps; no reason to log anybody out
		this.#keep({ access: "", endsAt: 0 });
		throw new LoggedOut("refresh: 401");
	}

	#take({ access_token: access, expires_in }) {
		this.#tell({ access, endsAt: Date.now() + expires_in * 1000 });
	}

	#tell(news) {
		this.#keep(news);
		this.#tabs?.postMessage(news);
	}

	#keep({ access, endsAt }) {
		const before = this.loggedIn;
		[this.#access, this.#endsAt, this.loggedIn] = [access, endsAt, access !== ""];
		this.#renewIn((endsAt - Date.now()) * between(0.7, 0.9));
		if (before !== this.loggedIn)
			this.onchange(this.loggedIn);
	}

	#renewIn(ms) {
		const again = () => this.#renewIn(between(LONGEST_MS / 2, LONGEST_MS));
		clearTimeout(this.#timer);
		this.#timer = this.loggedIn && setTimeout(() => this.refresh().catch(again), Math.max(ms, 1000));
	}
}
