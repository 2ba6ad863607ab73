// npm authy-client: asserts the shape of every answer by itself.
"use strict";

const assert = require("node:assert");
const { Client, enums } = require("authy-client");
const { approve, base, deletedFrom, key, phone, phoneWith, showsWanted, wanted } = require("./phone");

async function main() {
  const client = new Client({ key }, { host: base });
  const { user } = await client.registerUser({ countryCode: "CO", email: "ada@example.com", phone: "300-123-4501" });
  const authyId = user.id;

  const again = await client.registerUser({ countryCode: "57", email: "ada@example.org", phone: "3001234501" });
  assert.strictEqual(again.user.id, authyId, "one phone is one user");
  const { status } = await client.getUserStatus({ authyId });
  assert.deepStrictEqual([status.registered, status.phone_number], [true, "XXX-XXX-4501"]);

  assert.strictEqual((await client.requestSms({ authyId })).ignored, true);
  assert.strictEqual((await client.requestSms({ authyId }, { force: true })).message, "SMS token was sent");
  const token = (await phone(authyId)).sms.at(-1).code;
  await client.verifyToken({ authyId, token }, { force: true });
  assert.strictEqual((await client.getUserStatus({ authyId })).status.confirmed, true);
  const refused = await client.verifyToken({ authyId, token: "0000000" }, { force: true }).catch((error) => error);
  assert.deepStrictEqual([refused.code, refused.body.error_code], [401, "60020"]);

  await client.requestCall({ authyId }, { action: "transfer-1", force: true, message: "Send 1,000,000?" });
  const spoken = (await phone(authyId)).calls.at(-1).code;
  const bound = await client.verifyToken({ authyId, token: spoken }, { force: true }).catch((error) => error);
  assert.strictEqual(bound.body.error_code, "60020", "a code for an action is good for that action only");

  const { details, hidden_details: hidden, logos, message, seconds_to_expire: ttl } = wanted;
  const created = await client.createApprovalRequest({ authyId, details: { hidden, visible: details }, logos, message }, { ttl });
  const id = created.approval_request.uuid;
  await showsWanted(authyId, id);
  assert.strictEqual((await client.getApprovalRequest({ id })).approval_request.status, "pending");
  await approve(authyId, id);
  assert.strictEqual((await client.getApprovalRequest({ id })).approval_request.status, "approved");

  await client.registerActivity({ authyId, data: { reason: "test" }, type: enums.activity.BANNED });
  assert.ok((await client.getApplicationDetails()).app.name);
  assert.strictEqual((await client.getApplicationStatistics()).count, 1);

  // `verifyCallback` is not tried: it wants `device_uuid` to be a text, as it was until 2016, so it rejects every callback
  // that the provider has posted since, and those of the simulator, which have its shape.

  const number = { countryCode: "US", phone: "7754615609" };
  assert.strictEqual((await client.getPhoneInformation(number)).ported, false);
  for (const [via, inbox] of [[enums.verificationVia.SMS, "sms"], [enums.verificationVia.CALL, "calls"]]) {
    assert.strictEqual((await client.startPhoneVerification({ ...number, via })).seconds_to_expire, 599);
    const wrong = await client.verifyPhone({ ...number, token: "00000" }).catch((error) => error);
    assert.deepStrictEqual([wrong.code, wrong.body.error_code], [401, "60022"]);
    await client.verifyPhone({ ...number, token: (await phoneWith("+17754615609"))[inbox].at(-1).code });
  }
  const done = await client.verifyPhone({ ...number, token: "00000" }).catch((error) => error);
  assert.deepStrictEqual([done.code, done.body.error_code], [404, "60023"]);

  await client.deleteUser({ authyId });
  await deletedFrom(authyId);
  const gone = await client.getUserStatus({ authyId }).catch((error) => error);
  assert.deepStrictEqual([gone.code, gone.body.error_code], [404, "60026"]);
  const stranger = new Client({ key: `not-${key}` }, { host: base });
  const locked = await stranger.getApplicationDetails().catch((error) => error);
  assert.deepStrictEqual([locked.code, locked.body.error_code], [401, "60001"]);
}

main().then(() => console.log("npm authy-client: passed"), (error) => {
  console.error("npm authy-client:", error);
  process.exit(1);
});
