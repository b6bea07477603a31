import { both } from './both.ts';

export const energy = both(
  {
    energy: {
      title: 'Energy',
      devices: 'Devices',
      power: 'Power of all devices',
      current: 'Current',
      todayShort: 'Today',
      sum_one: 'Now the device draws',
      sum_other: 'Now {{answering}} of {{count}} devices together draw',
      today_one: 'and has used since {{since}} today',
      today_other: 'and have used since {{since}} today',
      silent_one: 'The device does not answer.',
      silent_other: 'None of the {{count}} devices answers.',
      levels: 'Raised from {{raised}} on, high above {{high}}.',
      empty:
        'No energy device is watched yet. Add one that serves energy_power_watts at /metrics as a target with the profile “Energy device”.',
    },
  },
  {
    energy: {
      title: 'Energía',
      devices: 'Dispositivos',
      power: 'Potencia de todos los dispositivos',
      current: 'Corriente',
      todayShort: 'Hoy',
      sum_one: 'Ahora el dispositivo consume',
      sum_other: 'Ahora {{answering}} de {{count}} dispositivos consumen juntos',
      today_one: 'y hoy, desde las {{since}}, ha consumido',
      today_other: 'y hoy, desde las {{since}}, han consumido',
      silent_one: 'El dispositivo no responde.',
      silent_other: 'Ninguno de los {{count}} dispositivos responde.',
      levels: 'Elevado desde {{raised}}, alto por encima de {{high}}.',
      empty:
        'Todavía no se vigila ningún dispositivo de energía. Añade como objetivo, con el perfil «Dispositivo de energía», uno que publique energy_power_watts en /metrics.',
    },
  },
);
