/** A cohort of made-up patients on the claim of the suites' cohort, whose names occur nowhere else. */
import type { KubernetesObject } from '@wsi-operator/controller';
import { COHORT_MOUNT, scriptPod } from './synthetic-cohort.ts';

/** Parts of names that occur in no message, in no dependency and in no path of the program. */
export const PRIVATE_WORDS = ['Quibblexia', 'Snargleton', 'Blorptumour', 'Frobnormal'] as const;
export const PRIVATE_TABLE = 'named.csv';
/** The same, with a slide that is cut off. */
export const DAMAGED_TABLE = 'damaged.csv';
export const PRIVATE_POD = 'name-patients';

/** A pod that writes both tables, and slides under names of patients, and ends. */
export function privateCohortPod(namespace: string, trainerImage: string): KubernetesObject {
  return scriptPod(namespace, trainerImage, { name: PRIVATE_POD, script: SCRIPT });
}

const [PATIENT, SLIDE, ONE, OTHER] = PRIVATE_WORDS;
const SCRIPT = `
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
const [header, ...rows] = readFileSync('${COHORT_MOUNT}/cohort.csv', 'utf8').trimEnd().split('\\n').map((row) => row.split(','));
const at = (name) => header.indexOf(name);
const labels = [...new Set(rows.map((row) => row[at('label')]))];
const named = rows.map((row, index) => {
  const slide = '${SLIDE}-' + index + '-1931-04-02.tiff';
  copyFileSync('${COHORT_MOUNT}/slides/' + row[at('slide')], '${COHORT_MOUNT}/slides/' + slide);
  return row.map((cell, column) => {
    if (column === at('patient')) return '${PATIENT}-' + index;
    if (column === at('slide')) return slide;
    return column === at('label') ? ['${ONE}', '${OTHER}'][labels.indexOf(cell)] : cell;
  });
});
const text = (lines) => [header, ...lines].map((line) => line.join(',')).join('\\n') + '\\n';
writeFileSync('${COHORT_MOUNT}/${PRIVATE_TABLE}', text(named));
const [first, ...others] = named;
const cut = '${SLIDE}-cut-1931-04-02.tiff';
copyFileSync('${COHORT_MOUNT}/slides/' + first[at('slide')], '${COHORT_MOUNT}/slides/' + cut);
truncateSync('${COHORT_MOUNT}/slides/' + cut, 1000);
writeFileSync('${COHORT_MOUNT}/${DAMAGED_TABLE}', text([first.map((cell, column) => (column === at('slide') ? cut : cell)), ...others]));
`;
