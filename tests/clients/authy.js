// npm authy: sends forms with brackets in their names, and the key in the query.
"use strict";

const assert = require("node:assert");
const { promisify } = require("node:util");
const { approve, base, deletedFrom, key, phone, phoneWith, showsWanted, wanted } = require("./phone");

async function main() {
  const authy = require("authy")(key, base);
  const call = (name, ...args) => promisify(authy[name].bind(authy))(...args);

  const id = (await call("register_user", "bob@example.com", "3001234502", "57", false)).user.id;
  assert.strictEqual((await call("user_status", id)).status.registered, true);

  assert.strictEqual((await call("request_sms", id)).ignored, true);
  assert.strictEqual((await call("request_sms", id, true)).success, true);
  assert.strictEqual((await call("request_call", id, true)).message, "Call started...");
  const { authenticator, sms } = await phone(id);
  assert.strictEqual((await call("verify", id, sms.at(-1).code, true)).token, "is valid");
  assert.strictEqual((await call("verify", id, authenticator.code, true)).token, "is valid");
  const refused = await call("verify", id, sms.at(-1).code, true).catch((error) => error);
  assert.strictEqual(refused.error_code, "60019", "a code counts once");

  const { details, hidden_details: hidden, logos, message, seconds_to_expire } = wanted;
  const created = await call("send_approval_request", id, { details, message, seconds_to_expire }, hidden, logos);
  const { uuid } = created.approval_request;
  await showsWanted(id, uuid);
  assert.strictEqual((await call("check_approval_status", uuid)).approval_request.status, "pending");
  await approve(id, uuid);
  assert.strictEqual((await call("check_approval_status", uuid)).approval_request.status, "approved");

  await verifies(authy.phones());

  assert.strictEqual((await call("delete_user", id)).message, "User removed from application");
  await deletedFrom(id);
  const invalid = await call("register_user", "bob@example.com", "12", "57", false).catch((error) => error);
  assert.deepStrictEqual([invalid.error_code, invalid.cellphone], ["60027", "is invalid"]);
}

// A number that is nobody's: found out about, called, and verified by what was said.
async function verifies(phones) {
  const call = (name, ...args) => promisify(phones[name])("775-461-5610", "1", ...args);
  assert.strictEqual((await call("info")).type, "cellphone");
  const none = await call("verification_status").catch((error) => error);
  assert.strictEqual(none.error_code, "60023");
  const started = await call("verification_start", { via: "call", locale: "en", code_length: 6 });
  assert.strictEqual(started.message, "Call to +1 775-461-5610 was started.");
  assert.strictEqual((await call("verification_status")).status, "pending");
  const wrong = await call("verification_check", "00000").catch((error) => error);
  assert.strictEqual(wrong.error_code, "60022");
  const { code } = (await phoneWith("+17754615610")).calls.at(-1);
  assert.strictEqual(code.length, 6);
  assert.strictEqual((await call("verification_check", code)).success, true);
  assert.strictEqual((await call("verification_status")).status, "verified");
}

main().then(() => console.log("npm authy: passed"), (error) => {
  console.error("npm authy:", error);
  process.exit(1);
});
