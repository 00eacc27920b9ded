// The AWS SDK for JavaScript: node clients.mjs MODULES ENDPOINT upload|list|download|delete BUCKET [FOLDER]
import { createReadStream, createWriteStream, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

const [modules, endpoint, step, Bucket, folder] = process.argv.slice(2);
const require = createRequire(join(modules, "index.js"));
const { S3Client, DeleteObjectsCommand, GetObjectCommand, paginateListObjectsV2 } = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");

const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1 });

async function list() {
  const found = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 7 }, { Bucket })) found.push(...page.Contents);
  return found;
}

const steps = {
  async upload() {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath ?? entry.path, entry.name);
      const params = { Bucket, Key: relative(folder, path), Body: createReadStream(path) };
      await new Upload({ client, params }).done();
    }
  },
  async list() {
    const sizes = Object.fromEntries((await list()).map(({ Key, Size }) => [Key, Size]));
    console.log(JSON.stringify(sizes));
  },
  async download() {
    for (const { Key } of await list()) {
      const path = `${folder}/${Key}`;
      mkdirSync(dirname(path), { recursive: true });
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      await pipeline(Body, createWriteStream(path));
    }
  },
  async delete() {
    const Objects = (await list()).map(({ Key }) => ({ Key }));
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    if (Errors?.length) throw new Error(JSON.stringify(Errors));
  },
};

await steps[step]();
