/**
 * A whole process of the kernels as they are built, as peer.py's is: node score-file.mjs VALUES FEATURES OUT reads a file, grows a
 * forest, scores, writes the scores. JavaScript, so that no compiler's time and memory are counted. The rows are read to where the
 * kernels find them, and scores are written block by block: nothing is held twice.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { loadKernels } from '../../dist/src/kernels/load.js';

const blockRows = 65_536;

/** The most memory that this process held. What `resourceUsage` says begins with that of the process which started this one. */
function peakBytes() {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

const [valuesFile = '', featuresText = '', out = ''] = process.argv.slice(2);
const features = Number(featuresText);
const kernels = loadKernels();
const file = openSync(valuesFile, 'r');
const table = kernels.table(fstatSync(file).size / 4 / features, features);
const bytes = new Uint8Array(table.rows.buffer, table.rows.byteOffset, table.rows.byteLength);
for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, null);
closeSync(file);
const scorer = kernels.batch(table.grow({ trees: 100, sampleSize: 256, seed: 1 }));
const block = new Float64Array(Math.min(blockRows, table.rowCount));
const written = openSync(out, 'w');
for (let from = 0; from < table.rowCount; from += blockRows) {
  const to = Math.min(table.rowCount, from + blockRows);
  const scores = block.subarray(0, to - from);
  scorer.scoreRows(table.rows.subarray(from * features, to * features), scores);
  const scoreBytes = new Uint8Array(scores.buffer, 0, scores.byteLength);
  for (let at = 0; at < scoreBytes.length; ) at += writeSync(written, scoreBytes, at);
}
closeSync(written);
const { userCPUTime, systemCPUTime } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: peakBytes() })}\n`);
