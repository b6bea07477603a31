import { both } from './both.ts';

export const help = both(
  {
    help: {
      title: 'Help',
      seesTitle: 'What Vigía sees',
      sees: 'Prometheus scrapes every target every few seconds. Vigía reads a dozen features of each target from it, learns how they usually move together, and scores every step.',
      features: 'The features of each profile:',
      scoreTitle: 'How to read a score',
      score:
        'A score lies between 0 and 1; high means unusual. Each target has a threshold of its own. At or above it a step is abnormal, and when that lasts, an alert fires and an incident opens.',
      shareText:
        'The share says how much of the score each feature carries. The grey band is the range that was expected, the mark is the value that was there. A mark outside the band is red.',
      learningText:
        'While a target is learning there is no score and no anomaly alert. The plain rules (host down, large CPU or memory difference) work from the first minute.',
      statesText: 'There are three states: OK, abnormal and unknown. When no data arrive, the state is unknown, never OK.',
      faqTitle: 'Questions',
      faq: {
        refresh: {
          q: 'How often does the page refresh?',
          a: 'By itself, as soon as something changes: the light at the top says “Live”. While the connection is lost it says since when, and everything is fetched again once it is back.',
          go: 'See it on the overview',
        },
        csv: {
          q: 'How do I export data as CSV?',
          a: 'On the AI page, “Features as CSV” gives the features of the chosen hours, and the history below can be downloaded as CSV or JSON.',
          go: 'Open the AI page',
        },
        strict: {
          q: 'There are too many or too few alerts. What now?',
          a: 'Move the threshold on the AI page. The number of past steps that would be abnormal follows at once; then save.',
          go: 'Adjust the threshold',
        },
        quiet: {
          q: 'How do I stop messages for a while?',
          a: 'Open the incident and silence it for an hour, eight hours or a day. Under Settings, Silences, it can be ended earlier.',
          go: 'Open the incidents',
        },
        add: {
          q: 'How do I watch another machine?',
          a: 'Run node_exporter there, then add its address under Targets. “Test now” says whether it answers.',
          go: 'Open the targets',
        },
        told: {
          q: 'Who is told, and where?',
          a: 'The receivers under Settings: Telegram, Discord, e-mail and webhooks. “Send test” proves that one arrives.',
          go: 'Open the receivers',
        },
        off: {
          q: 'Can I switch detection off?',
          a: 'Yes, for a whole profile or for one target, on the AI page. It stays off after a restart until you switch it on.',
          go: 'Open the switch',
        },
      },
      commandsTitle: 'The two commands',
      up: 'installs what is missing, starts everything and prints where to look.',
      test: 'runs every check there is.',
    },
  },
  {
    help: {
      title: 'Ayuda',
      seesTitle: 'Qué ve Vigía',
      sees: 'Prometheus consulta cada objetivo cada pocos segundos. Vigía lee de él una docena de características de cada objetivo, aprende cómo suelen moverse juntas y puntúa cada paso.',
      features: 'Las características de cada perfil:',
      scoreTitle: 'Cómo leer una puntuación',
      score:
        'Una puntuación va de 0 a 1; alta significa inusual. Cada objetivo tiene su propio umbral. Si lo alcanza, el paso es anómalo, y si eso dura, salta una alerta y se abre un incidente.',
      shareText:
        'La parte dice cuánto de la puntuación lleva cada característica. La banda gris es el intervalo esperado, la marca es el valor que hubo. Una marca fuera de la banda es roja.',
      learningText:
        'Mientras un objetivo aprende no hay puntuación ni alerta de anomalía. Las reglas simples (servidor caído, gran diferencia de CPU o memoria) funcionan desde el primer minuto.',
      statesText: 'Hay tres estados: bien, anómalo y desconocido. Cuando no llegan datos, el estado es desconocido, nunca bien.',
      faqTitle: 'Preguntas',
      faq: {
        refresh: {
          q: '¿Cada cuánto se actualiza la página?',
          a: 'Sola, en cuanto algo cambia: el indicador de arriba dice «En vivo». Si se pierde la conexión, dice desde cuándo, y al volver se pide todo de nuevo.',
          go: 'Verlo en el resumen',
        },
        csv: {
          q: '¿Cómo exporto datos en CSV?',
          a: 'En la página IA, «Características en CSV» da las características de las horas elegidas, y el historial se descarga en CSV o JSON.',
          go: 'Abrir la página IA',
        },
        strict: {
          q: 'Hay demasiadas alertas o muy pocas. ¿Qué hago?',
          a: 'Mueve el umbral en la página IA. El número de pasos pasados que serían anómalos cambia al instante; después guarda.',
          go: 'Ajustar el umbral',
        },
        quiet: {
          q: '¿Cómo dejo de recibir mensajes por un rato?',
          a: 'Abre el incidente y siléncialo una hora, ocho horas o un día. En Ajustes, Silencios, se puede terminar antes.',
          go: 'Abrir los incidentes',
        },
        add: {
          q: '¿Cómo vigilo otra máquina?',
          a: 'Ejecuta allí node_exporter y añade su dirección en Objetivos. «Probar ahora» dice si responde.',
          go: 'Abrir los objetivos',
        },
        told: {
          q: '¿A quién se avisa y dónde?',
          a: 'A los receptores de Ajustes: Telegram, Discord, correo y webhooks. «Enviar prueba» demuestra que llega.',
          go: 'Abrir los receptores',
        },
        off: {
          q: '¿Puedo apagar la detección?',
          a: 'Sí, de un perfil entero o de un solo objetivo, en la página IA. Sigue apagada tras reiniciar hasta que la enciendas.',
          go: 'Abrir el interruptor',
        },
      },
      commandsTitle: 'Las dos órdenes',
      up: 'instala lo que falta, lo arranca todo y dice dónde mirar.',
      test: 'ejecuta todas las pruebas que hay.',
    },
  },
);
