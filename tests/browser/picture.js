// A picture of a page as a file that is small enough to be committed: a palette instead of three channels.

import { crc32, deflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * A PNG of colour type 3 (PNG specification, 11.2). The most frequent colours stay as they are; the shades at the edges
 * of letters, which are too many for a palette, become the nearest of those.
 * @param {{width: number, height: number, data: Buffer}} picture four bytes a pixel
 */
export function small({ width, height, data }) {
  const colours = Array.from({ length: width * height }, (_, at) => data.readUIntBE(4 * at, 3));
  const listed = palette(colours);
  const place = placeIn(listed);
  const rows = Buffer.alloc((width + 1) * height);
  colours.forEach((colour, at) => (rows[at + Math.floor(at / width) + 1] = place(colour)));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const shades = Buffer.from(listed.flatMap(channels));
  const parts = [chunk("IHDR", header), chunk("PLTE", shades), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND")];
  return Buffer.concat([SIGNATURE, ...parts]);
}

/** The 64 most frequent of `colours`, and of the others the most frequent of each group that looks alike. */
function palette(colours) {
  const counts = new Map();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const ranked = [...counts].sort(([one, few], [other, many]) => many - few || one - other).map(([colour]) => colour);
  const groups = new Set();
  const first = (colour) => !groups.has(colour & 0xf8f8f8) && groups.add(colour & 0xf8f8f8);
  return ranked.filter((colour, rank) => first(colour) || rank < 64).slice(0, 256);
}

/** Answers the place in `listed` of the colour nearest to one. */
function placeIn(listed) {
  const known = new Map(listed.map((colour, place) => [colour, place]));
  const far = (one, other) => channels(one).reduce((sum, channel, at) => sum + (channel - channels(other)[at]) ** 2, 0);
  return (colour) => {
    if (!known.has(colour)) known.set(colour, known.get(listed.reduce((best, one) => (far(colour, one) < far(colour, best) ? one : best))));
    return known.get(colour);
  };
}

const channels = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function chunk(name, content = Buffer.alloc(0)) {
  const framed = Buffer.alloc(content.length + 12);
  framed.writeUInt32BE(content.length, 0);
  framed.write(name, 4, "latin1");
  content.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), framed.length - 4);
  return framed;
}
