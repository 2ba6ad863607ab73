// A proxy between browser and product, as offices, hotels and old load balancers have them: it may refuse sockets, take
// them and let nothing through, or keep an answer back until it is complete.

import { createServer, request } from "node:http";

export class Proxy {
  /** What becomes of WebSockets, the open ones too: "pass", "swallow" or, for new ones, "refuse" and "buffer". */
  sockets = "pass";
  /** Waited for before an answer to this path and method is passed on. */
  late = async (_path, _method) => {};
  /** Headers that are added to every answer: names and values in turn. */
  added = [];
  /** The origins that requests came with, oldest first. */
  origins = [];
  /** Which headers of an answer, by their names, are passed on. */
  headers = (_name) => true;
  /** The paths that were asked for, oldest first. */
  asked = [];
  #server;
  #target;

  /** @param {string} target where everything goes to */
  static async start(target) {
    const proxy = new Proxy();
    proxy.#target = target;
    proxy.#server = createServer((from, to) => proxy.#forward(from, to));
    proxy.#server.on("upgrade", (from, socket) => proxy.#upgrade(from, socket));
    await new Promise((go) => proxy.#server.listen(0, "127.0.0.1", go));
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #forward(from, to) {
    this.asked.push(from.url);
    if (from.headers.origin) this.origins.push(from.headers.origin);
    const onward = this.#onward(from).on("response", async (answer) => {
      await this.late(from.url, from.method);
      to.writeHead(answer.statusCode, [...this.#passed(answer.rawHeaders), ...this.added]);
      to.flushHeaders();
      answer.on("data", (bytes) => to.write(bytes)).on("end", () => to.end());
    });
    to.on("close", () => onward.destroy());
    from.pipe(onward.on("error", () => to.destroy()));
  }

  /** Names and values in turn, without those that are held back. */
  #passed(headers) {
    return headers.filter((_, index) => this.headers(headers[index - (index % 2)]));
  }

  #upgrade(from, socket) {
    socket.on("error", () => socket.destroy());
    if (this.sockets === "refuse") return socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // The answer to an upgrade is never complete.
    if (this.sockets === "buffer") return;
    const onward = this.#onward(from).on("error", () => socket.destroy());
    onward.on("upgrade", (answer, upstream, first) => {
      const head = answer.rawHeaders.map((part, at) => part + (at % 2 ? "\r\n" : ": ")).join("");
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n`);
      // What came together with the answer.
      if (this.sockets === "pass") socket.write(first);
      for (const [one, other] of [[socket, upstream], [upstream, socket]]) {
        one.on("data", (bytes) => this.sockets === "pass" && other.write(bytes));
        one.on("error", () => one.destroy()).on("close", () => other.destroy());
      }
    });
    onward.end();
  }

  // To the product all this comes from its own address.
  #onward({ url, method, headers }) {
    const origin = headers.origin && { origin: headers.origin.replace(this.url, this.#target) };
    return request(this.#target + url, { method, headers: { ...headers, ...origin, host: new URL(this.#target).host } });
  }
}
