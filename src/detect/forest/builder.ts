/** Makes a forest node by node: children are numbered before they are known to their parent, in preorder. */
import type { IsolationForest } from './forest.ts';

/** Collects nodes in preorder; the arrays grow by doubling and are cut to size at the end. */
export class ForestBuilder {
  private readonly roots: number[] = [];
  private readonly offsets: number[] = [0];
  private readonly feature: number[] = [];
  private readonly threshold: number[] = [];
  private readonly left: number[] = [];
  private readonly right: number[] = [];
  private readonly leafPaths: number[] = [];
  private readonly leafCodes = new Map<number, number>();

  leaf(path: number): number {
    let place = this.leafCodes.get(path);
    if (place === undefined) {
      place = this.leafPaths.length;
      if (place > 32_767) throw new RangeError('The forest has more than 32768 different path lengths.');
      this.leafPaths.push(path);
      this.leafCodes.set(path, place);
    }
    return ~place;
  }

  /** Opens a node and returns its number in the tree; `close` gives it its children. */
  open(feature: number, threshold: number): number {
    const base = this.offsets.at(-1) as number;
    const place = this.feature.length - base;
    if (place > 32_767) throw new RangeError('A tree has more than 32768 nodes.');
    this.feature.push(feature);
    this.threshold.push(threshold);
    this.left.push(0);
    this.right.push(0);
    return place;
  }

  close(node: number, left: number, right: number): void {
    const base = this.offsets.at(-1) as number;
    this.left[base + node] = left;
    this.right[base + node] = right;
  }

  endTree(root: number): void {
    this.roots.push(root);
    this.offsets.push(this.feature.length);
  }

  build(featureCount: number, sampleSize: number): IsolationForest {
    return {
      featureCount,
      sampleSize,
      roots: Int16Array.from(this.roots),
      offsets: Uint32Array.from(this.offsets),
      feature: Uint8Array.from(this.feature),
      threshold: Float32Array.from(this.threshold),
      left: Int16Array.from(this.left),
      right: Int16Array.from(this.right),
      leafPaths: Float64Array.from(this.leafPaths),
    };
  }
}
