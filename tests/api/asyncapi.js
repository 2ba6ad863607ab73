// Reads a document with AsyncAPI's own parser, and says what is wrong with it. Mere advice is left out: that there is a
// newer AsyncAPI.

import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WARNING = 1;

const { diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
for (const { path, message, severity } of diagnostics) {
  if (severity <= WARNING) {
    console.error(`${path.join(".")}: ${message}`);
    process.exitCode = 1;
  }
}
