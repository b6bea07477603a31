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

/** A leaf, as a cherry without a difference, or a node with two leaves: it has no slot yet. */
interface Cherry {
  /** -1 for a leaf. */
  readonly node: number;
  readonly left: number;
  readonly right: number;
}

/** Where a node's answers lie: its place among those of its kind. */
interface Place {
  readonly kind: 'leaf' | 'double' | 'cherry' | 'node';
  readonly index: number;
}

const isCherry = (operand: Cherry | Place): operand is Cherry => 'node' in operand;

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
  const doubles: (readonly [node: number, left: Cherry, right: Cherry])[] = [];
  const cherries: Cherry[] = [];
  const nodes: (readonly [node: number, left: Place, right: Place])[] = [];

  function placeOf(operand: Cherry | Place): Place {
    if (!isCherry(operand)) return operand;
    return operand.node < 0 ? { kind: 'leaf', index: operand.left } : { kind: 'cherry', index: cherries.push(operand) - 1 };
  }

  function visit(child: number): Cherry | Place {
    if (child < 0) {
      const code = codeOf(~child);
      return { node: -1, left: code, right: code };
    }
    const node = base + child;
    const toLeft = visit(left[node] as number);
    const toRight = visit(right[node] as number);
    if (!isCherry(toLeft) || !isCherry(toRight)) return { kind: 'node', index: nodes.push([node, placeOf(toLeft), placeOf(toRight)]) - 1 };
    if (toLeft.node < 0 && toRight.node < 0) return { node, left: toLeft.left, right: toRight.left };
    return { kind: 'double', index: doubles.push([node, toLeft, toRight]) - 1 };
  }

  const root = placeOf(visit(roots[tree] as number));
  const firstNode = codeSlots + doubles.length + cherries.length;
  const first = { leaf: 0, double: codeSlots, cherry: codeSlots + doubles.length, node: firstNode };
  const slot = ({ kind, index }: Place): number => lanes * (first[kind] + index);
  const push16 = (value: number): void => void out.push(value & 255, value >>> 8);
  const pushSplit = (node: number): void => {
    // A leaf is split by nothing: whatever is asked, both sides are the same.
    push16(node < 0 ? 0 : lanes * (feature[node] as number));
    out.push(node < 0 ? 0 : levelOf(node) & 255);
  };
  const pushCherry = ({ node, left, right }: Cherry): void => {
    pushSplit(node);
    out.push(left, left ^ right, 0);
  };
  for (const count of [doubles.length, cherries.length, nodes.length, slot(root)]) push16(count);
  for (const [node, toLeft, toRight] of doubles) {
    pushSplit(node);
    out.push(0);
    pushCherry(toLeft);
    pushCherry(toRight);
  }
  for (const each of cherries) {
    pushCherry(each);
    out.push(0, 0);
  }
  for (const [node, toLeft, toRight] of nodes) {
    pushSplit(node);
    out.push(0);
    push16(slot(toLeft));
    push16(slot(toRight));
  }
}
