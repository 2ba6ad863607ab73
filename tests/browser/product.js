// Starts the real executable with its simulated phones, and speaks to both as a program would.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const BINARY = process.env.COUNTERSIGN_BIN ?? resolve(import.meta.dirname, "../../target/release/countersign");
export const PASSWORD = "correct horse battery staple";

/** Answers what `look` finds, once it finds something; asks again and again until then. */
export async function until(look, what, ms = 30_000) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 20));
  }
  throw new Error(`waited in vain for ${what}`);
}

export class Product {
  #process;
  #folder;
  #env;
  #people = 0;

  /** @param {Record<string, string>} env on top of the demo's own settings */
  static async start(env = {}) {
    const product = new Product();
    product.#folder = await mkdtemp(join(tmpdir(), "countersign-"));
    product.#env = { PATH: process.env.PATH, PORT: "0", SIMULATOR_PORT: "0", SIGN_UPS_PER_ADDRESS: "1000", ...env };
    await product.#run();
    return product;
  }

  /** The same again on the same ports, after `kill`. */
  async restart() {
    this.#env.PORT = new URL(this.url).port;
    this.#env.SIMULATOR_PORT = new URL(this.phones).port;
    await this.#run();
  }

  /** As a power cut does it. */
  async kill() {
    const ended = new Promise((go) => this.#process.once("exit", go));
    this.#process.kill("SIGKILL");
    await ended;
  }

  async stop() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run() {
    const child = spawn(BINARY, ["demo"], { cwd: this.#folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    let [said, log] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (log = (log + text).slice(-4000)));
    child.once("error", (error) => (log = String(error)));
    const urls = () => said.split("\n").length > 4 && [...said.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(String);
    const alive = () => {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`countersign did not start: ${log}`);
      return urls();
    };
    [this.url, this.phones] = await until(alive, "countersign to start", 60_000);
  }

  /** Somebody who has not signed up yet, as the form asks for them. */
  stranger() {
    this.#people += 1;
    const number = 100 + this.#people;
    return {
      full_name: "Ada Lovelace",
      email: `ada${number}@example.com`,
      country_code: "1",
      phone: `202555${String(number).padStart(4, "0")}`,
      password: PASSWORD,
    };
  }

  /** Somebody with an account, made without a browser. */
  async person() {
    const person = this.stranger();
    const made = await this.#post("/api/users", person);
    const { approval } = await made.json();
    await this.answer(person, "approve");
    const cookie = made.headers.get("set-cookie").split(";")[0];
    const complete = async () => (await this.#post(`/api/approvals/${approval.id}/complete`, undefined, { cookie })).ok;
    await until(complete, "the sign-up to be completed");
    return person;
  }

  async phone(person) {
    const all = await (await fetch(`${this.phones}/phones`)).json();
    return all.find((one) => one.cellphone.endsWith(person.phone));
  }

  /** The pending request that shows `number`, or the only one, once it is on the phone. */
  request(person, number) {
    return until(async () => {
      const phone = await this.phone(person);
      const fits = (one) => one.status === "pending" && (!number || one.details.Number === number);
      const request = phone?.requests.find(fits);
      return request && { phone, request };
    }, "a request on the phone");
  }

  /** Taps on it. */
  async answer(person, tap, number) {
    const { phone, request } = await this.request(person, number);
    const url = `${this.phones}/phones/${phone.authy_id}/requests/${request.uuid}/${tap}`;
    const answer = await fetch(url, { method: "POST" });
    if (!answer.ok) throw new Error(`the phone refused to ${tap}: ${answer.status}`);
  }

  /** Turns a switch of the simulated phone. */
  async set(person, switches) {
    const { authy_id } = await this.phone(person);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(switches);
    const answer = await fetch(`${this.phones}/phones/${authy_id}`, { method: "PATCH", headers, body });
    if (!answer.ok) throw new Error(`the phone refused ${body}: ${answer.status}`);
  }

  /** The newest code among `sms` or `calls`, the `nth` that came. */
  async code(person, inbox = "sms", nth = 1) {
    const codes = await until(async () => {
      const phone = await this.phone(person);
      return phone?.[inbox].length >= nth && phone[inbox];
    }, `a code by ${inbox}`);
    return codes.at(-1).code;
  }

  /** A link that sets a new password, as an operator makes it. */
  async resetLink(person) {
    const env = { PUBLIC_URL: this.url, DATABASE_URL: "sqlite:data/demo.db" };
    const made = await promisify(execFile)(BINARY, ["user", "reset-link", person.email], { cwd: this.#folder, env });
    return made.stdout.split("\n")[0];
  }

  /** An invitation for this address, as an operator makes it. */
  async invitation(email) {
    const env = { PUBLIC_URL: this.url, DATABASE_URL: "sqlite:data/demo.db" };
    const made = await promisify(execFile)(BINARY, ["user", "invite", email], { cwd: this.#folder, env });
    return made.stdout.split("\n")[0];
  }

  async #post(path, body, headers = {}) {
    return fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: body && JSON.stringify(body),
    });
  }
}
