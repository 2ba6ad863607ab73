// A picture of a page as a file that is small enough to be committed: a palette instead of three channels.

import { crc32, deflateSync } from "node:zlib";

const STEP = 255 / 31;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * A PNG of colour type 3 (PNG specification, 11.2). Colours are rounded to 32 steps a channel, which no eye sees.
 * @param {{width: number, height: number, data: Buffer}} picture four bytes a pixel
 */
export function small({ width, height, data }) {
  const palette = new Map();
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < width * height; at += 1) {
    const [red, green, blue] = [0, 1, 2].map((channel) => Math.round(Math.round(data[4 * at + channel] / STEP) * STEP));
    const colour = (red << 16) | (green << 8) | blue;
    if (!palette.has(colour)) palette.set(colour, palette.size);
    rows[at + Math.floor(at / width) + 1] = palette.get(colour);
  }
  if (palette.size > 256) throw new Error(`${palette.size} colours are too many for a palette`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const colours = Buffer.from([...palette.keys()].flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const parts = [chunk("IHDR", header), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND")];
  return Buffer.concat([SIGNATURE, ...parts]);
}

function chunk(name, content = Buffer.alloc(0)) {
  const framed = Buffer.alloc(content.length + 12);
  framed.writeUInt32BE(content.length, 0);
  framed.write(name, 4, "latin1");
  content.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), framed.length - 4);
  return framed;
}
