// What a thumbnailer in Node.js loads before it asks Lambda for its first event.
'use strict';

const http = require('node:http');
const sharp = require('sharp');
const { S3Client } = require('@aws-sdk/client-s3');

if (process.argv[2] === '--versions') {
  const client = require('@aws-sdk/client-s3/package.json');
  console.log(`Node.js ${process.versions.node}, sharp ${sharp.versions.sharp}, @aws-sdk/client-s3 ${client.version}`);
  process.exit();
}

const s3 = new S3Client({});
const next = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next`;
http.get(next, (answer) => {
  // Never: the bench ends this process once the request has arrived.
  console.error(`the Runtime API answered ${answer.statusCode} for ${s3.config.serviceId}`);
  process.exit(1);
});
