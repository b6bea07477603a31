/**
 * A whole process of the kernels as they are built, as peer.py's is: node score-file.mjs VALUES FEATURES OUT reads a file, grows a
 * forest, scores, writes the scores. JavaScript, so that no compiler's time and memory are counted.
 */
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { loadKernels } from '../../dist/src/kernels/load.js';

const [valuesFile = '', featuresText = '', out = ''] = process.argv.slice(2);
const features = Number(featuresText);
const kernels = loadKernels();
const file = openSync(valuesFile, 'r');
const table = kernels.table(fstatSync(file).size / 4 / features, features);
const bytes = new Uint8Array(table.rows.buffer, table.rows.byteOffset, table.rows.byteLength);
for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, null);
closeSync(file);
const forest = table.grow({ trees: 100, sampleSize: 256, seed: 1 });
writeFileSync(out, kernels.batch(forest).scoreRows(table.rows));
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: maxRSS * 1024 })}\n`);
