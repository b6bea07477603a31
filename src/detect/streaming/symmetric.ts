/** Small dense symmetric positive definite matrices, row-major, n x n. A pivot that rounding made too small is raised, so nothing divides by 0. */

const leastPivot = 1e-12;

/** Replaces the lower triangle of `matrix` by its Cholesky factor L (matrix = L Lᵀ). @returns false where a pivot had to be raised. */
export function factorize(matrix: Float64Array, n: number): boolean {
  let definite = true;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (matrix[i * n + k] as number) * (matrix[j * n + k] as number);
      if (i === j && !(sum > leastPivot)) definite = false;
      matrix[i * n + j] = i === j ? Math.sqrt(Math.max(leastPivot, sum)) : sum / (matrix[j * n + j] as number);
    }
  }
  return definite;
}

/** Solves L Lᵀ x = b in place. */
export function solve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (factor[i * n + k] as number) * (b[k] as number);
    b[i] = sum / (factor[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] as number;
    for (let k = i + 1; k < n; k++) sum -= (factor[k * n + i] as number) * (b[k] as number);
    b[i] = sum / (factor[i * n + i] as number);
  }
}

/** The inverse, symmetric to the last bit; `null` when the matrix is not positive definite. */
export function inverse(matrix: Float64Array, n: number): Float64Array | null {
  const factor = Float64Array.from(matrix);
  if (!factorize(factor, n)) return null;
  const out = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    column.fill(0);
    column[j] = 1;
    solve(factor, n, column);
    for (let i = j; i < n; i++) {
      out[i * n + j] = column[i] as number;
      out[j * n + i] = column[i] as number;
    }
  }
  return out;
}
