import { both } from './both.ts';

export const charts = both(
  {
    charts: {
      csv: '{{title}} as CSV',
      png: '{{title}} as PNG',
      anomaly: 'Abnormal',
      incident: 'Incident',
      maintenance: 'Silenced',
      start: 'Started',
      marks: 'In these charts',
      moreMarks: 'and {{count}} more',
      dragHint: 'Draw across a chart to look closer.',
      earlier: 'Earlier',
      later: 'Later',
      closer: 'Look closer',
      further: 'Look from further away',
      live: 'Back to now',
      now: 'now',
      between: '{{from}} – {{to}}',
    },
  },
  {
    charts: {
      csv: '{{title}} como CSV',
      png: '{{title}} como PNG',
      anomaly: 'Anómalo',
      incident: 'Incidente',
      maintenance: 'Silenciado',
      start: 'Arranque',
      marks: 'En estas gráficas',
      moreMarks: 'y {{count}} más',
      dragHint: 'Arrastra sobre una gráfica para ver de cerca.',
      earlier: 'Antes',
      later: 'Después',
      closer: 'Ver de cerca',
      further: 'Ver de lejos',
      live: 'Volver al presente',
      now: 'ahora',
      between: '{{from}} – {{to}}',
    },
  },
);
