/** Translates a quantised forest into the programs that src/kernels/assembly/batch.ts runs; its comment describes them. */
import type { QuantisedForest } from './quantised.ts';

/** Sums of leaf codes of so many trees fit into 16 bits. */
export const treesPerProgram = 257;
/** Rows that are scored at once. */
export const lanes = 128;
/** Answers of a tree with 255 nodes and 256 leaves, one slot each. */
export const slotBytes = lanes * 512;

interface Program {
  readonly trees: number;
  readonly bytes: Uint8Array;
}

type Operand = readonly [kind: 'leaf' | 'cherry' | 'node', index: number];

/** Programs of at most 257 trees each; trees have at most 255 nodes. */
export function programsOf(quantised: QuantisedForest): readonly Program[] {
  const trees = quantised.forest.roots.length;
  const programs: Program[] = [];
  for (let from = 0; from < trees; from += treesPerProgram) {
    const to = Math.min(trees, from + treesPerProgram);
    const parts: number[] = [];
    for (let tree = from; tree < to; tree++) appendTree(quantised, tree, parts);
    programs.push({ trees: to - from, bytes: Uint8Array.from(parts) });
  }
  return programs;
}

function appendTree({ forest, thresholds, leafCodes }: QuantisedForest, tree: number, out: number[]): void {
  const { roots, offsets, feature, left, right } = forest;
  const base = offsets[tree] as number;
  const alone: number[] = [];
  const cherries: (readonly [node: number, left: number, right: number])[] = [];
  const nodes: (readonly [node: number, left: Operand, right: Operand])[] = [];
  const code = (leaf: number): number => leafCodes[~leaf] as number;

  function visit(child: number): Operand {
    if (child < 0) return ['leaf', alone.push(code(child)) - 1];
    const node = base + child;
    const [toLeft, toRight] = [left[node] as number, right[node] as number];
    if (toLeft < 0 && toRight < 0) return ['cherry', cherries.push([node, code(toLeft), code(toRight)]) - 1];
    const operands = [visit(toLeft), visit(toRight)] as const;
    return ['node', nodes.push([node, ...operands]) - 1];
  }

  visit(roots[tree] as number);
  const slot = ([kind, index]: Operand): number =>
    lanes * (index + (kind === 'leaf' ? 0 : alone.length) + (kind === 'node' ? cherries.length : 0));
  const push16 = (value: number): void => void out.push(value & 255, value >>> 8);
  push16(alone.length);
  push16(cherries.length);
  push16(nodes.length);
  push16(0);
  out.push(...alone);
  while (out.length % 8 !== 0) out.push(0);
  for (const [node, toLeft, toRight] of cherries) {
    push16(lanes * (feature[node] as number));
    out.push((thresholds[node] as number) & 255, toLeft, toLeft ^ toRight, 0, 0, 0);
  }
  for (const [node, toLeft, toRight] of nodes) {
    push16(lanes * (feature[node] as number));
    out.push((thresholds[node] as number) & 255, 0);
    push16(slot(toLeft));
    push16(slot(toRight));
  }
}
