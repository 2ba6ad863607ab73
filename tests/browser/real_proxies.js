// nginx, HAProxy and Caddy in front of the product, each with settings under which no WebSocket gets through.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./product.js";

const PLACES = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

// nginx passes no upgrade on unless it is told to.
const NGINX = {
  "proxy_pass alone": "proxy_pass http://hub;",
  "connections kept to the hub": "proxy_pass http://hub; proxy_http_version 1.1; proxy_set_header Connection '';",
  "answers kept back until they end": "proxy_pass http://hub; proxy_ignore_headers X-Accel-Buffering;",
  "proxy_read_timeout 10s": "proxy_pass http://hub; proxy_read_timeout 10s;",
  "proxy_read_timeout 3s": "proxy_pass http://hub; proxy_read_timeout 3s;",
  "two servers, each left alone for 10s after 7s of silence": "proxy_pass http://hubs; proxy_read_timeout 7s;",
  "gzip for every type": "proxy_pass http://hub; gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;",
  "a cache that heeds no header": "proxy_pass http://hub; proxy_cache all; proxy_cache_valid any 60s; proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;",
  "limit_req 1r/s burst=5": "limit_req zone=second burst=5; proxy_pass http://hub;",
  "limit_req 30r/m burst=10 nodelay": "limit_req zone=minute burst=10 nodelay; proxy_pass http://hub;",
  "limit_conn 1": "limit_conn connections 1; proxy_pass http://hub;",
  "a query that is dropped": "proxy_pass http://hub$uri;",
};

const counted = (most, time, by) =>
  `stick-table type binary len 20 size 10k expire 10m store http_req_rate(${time})\n http-request track-sc0 ${by}\n http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${most} }`;

/** Lines of a frontend that is its own backend, and what stands behind its server. */
const HAPROXY = {
  "timeouts of 10s": ["timeout client 10s\n timeout server 10s"],
  "timeout server 3s": ["timeout server 3s"],
  "option http-server-close": ["option http-server-close"],
  "option httpclose": ["option httpclose"],
  "answers kept back until they end": ["http-response wait-for-body time 30s"],
  "compression": ["filter compression\n compression algo gzip\n compression type application/json"],
  "a server that is marked down after 7s of silence": ["timeout server 7s", "check inter 1s observe layer7 error-limit 1 on-error mark-down"],
  "20 requests in 10s": [counted(20, "10s", "src")],
  "30 requests in 1m": [counted(30, "1m", "src")],
  "20 requests in 10s for an address of ours": [counted(20, "10s", "base32+src")],
};

/** What stands in `reverse_proxy`, and in its `transport`. */
const CADDY = {
  "reverse_proxy alone": ["", ""],
  "flush_interval 10s": ["flush_interval 10s", ""],
  "answers kept back until they end": ["buffer_responses", ""],
  "response_header_timeout 10s": ["", "response_header_timeout 10s"],
  "response_header_timeout 3s": ["", "response_header_timeout 3s"],
  "read_timeout 3s": ["", "read_timeout 3s"],
  "a server that is left alone for 30s after an answer that took 7s": ["fail_duration 30s\n unhealthy_latency 7s", ""],
};

/** Of each: what it takes besides its configuration, and the configuration for ports by the name of their setting. */
const PROGRAMS = {
  nginx: [["-c"], NGINX, nginx],
  haproxy: [["-db", "-q", "-f"], HAPROXY, haproxy],
  caddy: [["run", "--adapter", "caddyfile", "--config"], CADDY, caddy],
};

function nginx(hub, ports, folder) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  const servers = Object.entries(NGINX).map(([name, lines]) => `server { listen 127.0.0.1:${ports[name]}; location / { ${lines} } }`);
  return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors; events {}
http { access_log off; ${temporary.join(" ")}
proxy_cache_path ${folder}/cache keys_zone=all:1m; proxy_set_header Host ${hub};
limit_req_zone $binary_remote_addr zone=second:1m rate=1r/s; limit_req_zone $binary_remote_addr zone=minute:1m rate=30r/m;
limit_conn_zone $binary_remote_addr zone=connections:1m;
upstream hub { server ${hub}; } upstream hubs { server ${hub}; server ${hub}; }
${servers.join("\n")} }\n`;
}

function haproxy(hub, ports) {
  const listens = Object.entries(HAPROXY).map(
    ([name, [lines, server = ""]]) => `listen p${ports[name]}
 bind 127.0.0.1:${ports[name]}\n ${lines}\n http-request del-header Upgrade\n http-request set-header Host ${hub}\n server hub ${hub} ${server}\n`,
  );
  return `defaults\n mode http\n timeout connect 5s\n timeout client 50s\n timeout server 50s\n${listens.join("")}`;
}

function caddy(hub, ports) {
  const sites = Object.entries(CADDY).map(([name, [lines, transport]]) => {
    // It knows a server by its name, whatever site it is for; only that one may be left alone.
    const server = lines.includes("unhealthy") ? hub.replace("127.0.0.1", "localhost") : hub;
    const http = `transport http {\n dial_timeout 5s\n ${transport}\n }`;
    return `:${ports[name]} {\n bind 127.0.0.1\n reverse_proxy ${server} {\n header_up -Upgrade\n header_up Host ${hub}\n ${lines}\n ${http}\n }\n}\n`;
  });
  return `{\n admin off\n auto_https off\n}\n${sites.join("")}`;
}

/** Where a program is, if it is installed. */
export const found = (kind) => PLACES.map((place) => join(place, kind)).find(existsSync);

async function freePort() {
  const server = createServer();
  await new Promise((go) => server.listen(0, "127.0.0.1", go));
  const { port } = server.address();
  await new Promise((go) => server.close(go));
  return port;
}

/** How often a program is started that ends at once: somebody may have taken one of its ports meanwhile. */
const STARTS = 5;

/** Starts the program of this kind in front of the product at `url`: an address for each of its settings. */
export async function startProxy(kind, url) {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(kind, url);
    } catch (error) {
      if (start === STARTS) throw error;
    }
  }
}

async function startOnce(kind, url) {
  const [flags, settings, configuration] = PROGRAMS[kind];
  const folder = await mkdtemp(join(tmpdir(), `${kind}-`));
  const ports = {};
  for (const name of Object.keys(settings)) ports[name] = await freePort();
  const file = join(folder, "configuration");
  await mkdir(join(folder, "home"));
  await writeFile(file, configuration(new URL(url).host, ports, folder));
  const child = spawn(found(kind), [...flags, file], { cwd: folder, env: { HOME: join(folder, "home") }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-4000)));
  const ended = new Promise((go) => child.once("exit", go));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const urls = Object.entries(ports).map(([name, port]) => [name, `http://127.0.0.1:${port}`]);
  const answers = async (one) => {
    if (child.exitCode !== null) throw new Error(`${kind} did not start: ${said}`);
    return fetch(`${one}/assets/none`).then(() => true, () => false);
  };
  try {
    for (const [, one] of urls) await until(() => answers(one), `${kind} to start`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls, stop };
}
