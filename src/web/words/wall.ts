import { both } from './both.ts';

export const wall = both(
  {
    wall: {
      stale: 'No connection to Vigía since {{since}}.',
      moreIncidents_one: 'and one more incident',
      moreIncidents_other: 'and {{count}} more incidents',
      moreTargets_one: 'One more target',
      moreTargets_other: '{{count, number}} more targets',
      moreOk: '{{count, number}} OK',
    },
  },
  {
    wall: {
      stale: 'Sin conexión con Vigía desde las {{since}}.',
      moreIncidents_one: 'y un incidente más',
      moreIncidents_other: 'y {{count}} incidentes más',
      moreTargets_one: 'Un objetivo más',
      moreTargets_other: '{{count, number}} objetivos más',
      moreOk: '{{count, number}} OK',
    },
  },
);
