/** Translates trees into the programs that src/kernels/assembly/batch.ts runs; its comment describes them. */
import type { IsolationForest } from '../detect/forest/forest.ts';

/** Rows that are scored at once. */
export const lanes = 128;
/** Slots of the leaf codes. */
const codeSlots = 256;
/** One slot for each leaf code and for each of up to 255 nodes. */
export const slotBytes = lanes * (codeSlots + 255);

/** Writes the slots that never change: the leaf codes. */
export function fillSlots(slots: Uint8Array): void {
  for (let code = 0; code < codeSlots; code++) slots.fill(code, code * lanes, (code + 1) * lanes);
}

/** A leaf's code, or the place of a node among its kind. */
type Operand = readonly [kind: 'leaf' | 'cherry' | 'node', index: number];

/** What a tree becomes in 8 bits: rows above a node's level go right, a leaf answers with its code. */
export interface Levels {
  levelOf(node: number): number;
  /** Leaves are asked for from left to right; `leaf` is a place in `leafPaths`. */
  codeOf(leaf: number): number;
}

/** Appends the program of one tree; it has at most 255 nodes. */
export function appendTree(forest: IsolationForest, tree: number, { levelOf, codeOf }: Levels, out: number[]): void {
  const { roots, offsets, feature, left, right } = forest;
  const base = offsets[tree] as number;
  const cherries: (readonly [node: number, left: number, right: number])[] = [];
  const nodes: (readonly [node: number, left: Operand, right: Operand])[] = [];

  function visit(child: number): Operand {
    if (child < 0) return ['leaf', codeOf(~child)];
    const node = base + child;
    const operands = [visit(left[node] as number), visit(right[node] as number)] as const;
    const [toLeft, toRight] = operands;
    if (toLeft[0] === 'leaf' && toRight[0] === 'leaf') return ['cherry', cherries.push([node, toLeft[1], toRight[1]]) - 1];
    return ['node', nodes.push([node, toLeft, toRight]) - 1];
  }

  const root = visit(roots[tree] as number);
  const first = { leaf: 0, cherry: codeSlots, node: codeSlots + cherries.length };
  const slot = ([kind, index]: Operand): number => lanes * (first[kind] + index);
  const push16 = (value: number): void => void out.push(value & 255, value >>> 8);
  push16(cherries.length);
  push16(nodes.length);
  push16(slot(root));
  push16(0);
  for (const [node, toLeft, toRight] of cherries) {
    push16(lanes * (feature[node] as number));
    out.push(levelOf(node) & 255, toLeft, toLeft ^ toRight, 0, 0, 0);
  }
  for (const [node, toLeft, toRight] of nodes) {
    push16(lanes * (feature[node] as number));
    out.push(levelOf(node) & 255, 0);
    push16(slot(toLeft));
    push16(slot(toRight));
  }
}
