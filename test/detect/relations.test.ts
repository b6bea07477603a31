import { expect, test } from 'vitest';
import { Relations } from '../../src/detect/ensemble/relations.ts';
import { Ranges } from '../../src/detect/ensemble/scales.ts';

const features = ['a', 'b'].map((name) => ({ name, direction: 'both' as const, minimumChange: 0 }));

test('a precision that no learning leaves, as a hostile model has it, makes no residual that is not a number', () => {
  for (const hostile of [-3.67e-172, -20, 0, Number.MIN_VALUE]) {
    const relations = new Relations(features, 60_000, new Ranges(2));
    const precision = relations.fields('r').find(({ name }) => name === 'r precision');
    precision?.values.fill(hostile);
    const { distance, lastingDistance } = relations.weigh(Float64Array.of(3, -2));
    expect([distance, lastingDistance, ...relations.residuals, ...relations.lasting].every(Number.isFinite)).toBe(true);
  }
});
