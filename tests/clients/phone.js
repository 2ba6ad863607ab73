// The phone's side of a client's test: what the simulator shows of the user.
"use strict";

const assert = require("node:assert");
const wanted = require("./wanted.json");

const [base, key] = process.argv.slice(2);

async function phone(id) {
  const response = await fetch(`${base}/phones/${id}`);
  assert.strictEqual(response.status, 200, "the simulator shows the phone");
  return response.json();
}

// The phone with this number, which need not be a user's.
async function phoneWith(cellphone) {
  const phones = await (await fetch(`${base}/phones`)).json();
  return phones.find((one) => one.cellphone === cellphone);
}

// The last request on the phone is exactly the one that was wanted.
async function showsWanted(id, uuid) {
  const request = (await phone(id)).requests.at(-1);
  const { seconds_to_expire: seconds, ...shown } = wanted;
  for (const [name, value] of Object.entries(shown)) assert.deepStrictEqual(request[name], value, name);
  assert.strictEqual(request.uuid, uuid);
  assert.strictEqual(Date.parse(request.expires_at) - Date.parse(request.created_at), seconds * 1000);
}

async function approve(id, uuid) {
  const response = await fetch(`${base}/phones/${id}/requests/${uuid}/approve`, { method: "POST" });
  assert.strictEqual(response.status, 204);
}

async function deletedFrom(id) {
  assert.strictEqual((await fetch(`${base}/phones/${id}`)).status, 404, "the phone is gone");
}

module.exports = { approve, base, deletedFrom, key, phone, phoneWith, showsWanted, wanted };
