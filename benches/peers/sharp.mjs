// sharp as a contender: `node sharp.mjs JOB.json`. See benches/README.md for what it is told and what it tells.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';

const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const input = readFileSync(job.input);
sharp.concurrency(job.workers);
sharp.cache(false);

const encoded = (picture, format) => {
  switch (format) {
    case 'jpeg': return picture.jpeg({ quality: job.jpeg_quality });
    case 'webp': return picture.webp({ quality: job.webp_quality, effort: job.webp_effort });
    case 'png': return picture.png();
    default: throw new Error(`unknown format ${format}`);
  }
};

// What most programs do: a call from the file for each rendition.
async function each() {
  const outputs = [];
  for (const width of job.widths) {
    for (const format of job.formats) {
      const data = await encoded(sharp(input).autoOrient().resize(width), format).toBuffer();
      outputs.push({ width, format, data });
    }
  }
  return outputs;
}

// The largest width once into raw pixels, the others from those.
async function once() {
  const largest = Math.max(...job.widths);
  const { data, info } = await sharp(input).autoOrient().resize(largest).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const outputs = [];
  for (const width of job.widths) {
    for (const format of job.formats) {
      const picture = sharp(data, { raw });
      const resized = width === largest ? picture : picture.resize(width);
      outputs.push({ width, format, data: await encoded(resized, format).toBuffer() });
    }
  }
  return outputs;
}

const work = job.way === 'once' ? once : each;
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

function peak() {
  try {
    const line = readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s*(\d+) kB$/m);
    return Number(line[1]) * 1024;
  } catch {
    return null;
  }
}

const first = await work();
if (job.once) {
  say({ peak: peak() });
  if (job.out) for (const { width, format, data } of first) writeFileSync(join(job.out, `${width}.${format}`), data);
} else {
  const { sharp: version, vips } = sharp.versions;
  say({ version: `sharp ${version} (libvips ${vips}) on Node.js ${process.versions.node}` });
  for await (const line of createInterface({ input: process.stdin })) {
    const times = Number(line);
    const cpu = process.cpuUsage();
    const wall = process.hrtime.bigint();
    for (let i = 0; i < times; i += 1) await work();
    const spent = process.cpuUsage(cpu);
    say({ cpu: (spent.user + spent.system) / 1000, wall: Number(process.hrtime.bigint() - wall) / 1e6 });
  }
}
