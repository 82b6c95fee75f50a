/** Words by which a table gives patients away: in the names of its columns, and in identifiers (pure data). */

export type IdentifierKind =
  | 'name'
  | 'date of birth'
  | 'date'
  | 'number of a register'
  | 'address'
  | 'e-mail address'
  | 'telephone number';

/** Parts of a column's name, without accents, in lower case. `whole` are words of their own, `part` also within longer ones. */
export const COLUMN_WORDS: readonly {
  readonly kind: IdentifierKind;
  readonly whole: readonly string[];
  readonly part: readonly string[];
}[] = [
  {
    kind: 'date of birth',
    whole: ['dob', 'geb', 'born', 'bday', 'ddn'],
    part: [
      'birth',
      'geburt',
      'gebdat',
      'naissance',
      'nacimiento',
      'nascita',
      'nascimento',
      'geboorte',
      'urodzenia',
    ],
  },
  {
    kind: 'name',
    whole: ['name', 'names', 'nom', 'nome', 'nombre', 'prenom', 'imie', 'nazwisko', 'initials', 'initialen'],
    part: [
      ...[
        'surname',
        'lastname',
        'firstname',
        'forename',
        'familyname',
        'givenname',
        'fullname',
        'maidenname',
      ],
      ...[
        'patientname',
        'nachname',
        'vorname',
        'familienname',
        'apellido',
        'cognome',
        'achternaam',
        'voornaam',
      ],
    ],
  },
  {
    kind: 'number of a register',
    whole: ['mrn', 'ssn', 'nhs', 'ahv', 'bsn', 'nir', 'cpr', 'pesel', 'kvnr', 'passport', 'accession'],
    part: [
      ...[
        'medicalrecord',
        'socialsecurity',
        'nationalid',
        'insurance',
        'healthcard',
        'personnummer',
        'fodselsnummer',
      ],
      ...['fallnummer', 'fallnr', 'aufnahmenummer', 'krankenkasse', 'versicherten', 'sozialversicherung'],
      ...['codicefiscale', 'hospitalnumber', 'accessionnumber', 'passnummer', 'ausweis'],
    ],
  },
  {
    kind: 'address',
    whole: [
      'address',
      'zip',
      'plz',
      'city',
      'town',
      'street',
      'postcode',
      'wohnort',
      'ort',
      'rue',
      'via',
      'calle',
    ],
    part: [
      'adress',
      'zipcode',
      'postalcode',
      'postleitzahl',
      'strasse',
      'codepostal',
      'direccion',
      'indirizzo',
    ],
  },
  { kind: 'e-mail address', whole: ['email', 'mail', 'correo'], part: ['emailaddress', 'mailadress'] },
  {
    kind: 'telephone number',
    whole: ['phone', 'tel', 'fax', 'mobile', 'handy', 'cell phone'],
    part: ['telephone', 'telefon', 'phonenumber', 'cellphone'],
  },
];

/** A `name` beside one of these is not a person's. */
export const NAMED_THINGS: ReadonlySet<string> = new Set([
  ...[
    'slide',
    'slides',
    'file',
    'image',
    'class',
    'label',
    'column',
    'scanner',
    'stain',
    'gene',
    'drug',
    'marker',
  ],
  ...[
    'project',
    'study',
    'cohort',
    'arm',
    'sample',
    'block',
    'site',
    'center',
    'centre',
    'hospital',
    'dataset',
  ],
  ...[
    'trial',
    'treatment',
    'tumor',
    'tumour',
    'diagnosis',
    'cancer',
    'disease',
    'tissue',
    'organ',
    'protocol',
  ],
]);

/** Capitalised words of identifiers that are no names of people. */
export const ORDINARY_WORDS: ReadonlySet<string> = new Set([
  ...['patient', 'patients', 'pat', 'case', 'cases', 'slide', 'scan', 'image', 'block', 'sample', 'specimen'],
  ...[
    'tumor',
    'tumour',
    'normal',
    'control',
    'biopsy',
    'resection',
    'section',
    'study',
    'cohort',
    'site',
    'center',
  ],
  ...[
    'centre',
    'hospital',
    'university',
    'left',
    'right',
    'upper',
    'lower',
    'lung',
    'breast',
    'colon',
    'liver',
  ],
  ...[
    'kidney',
    'prostate',
    'skin',
    'brain',
    'stomach',
    'node',
    'lymph',
    'lobe',
    'primary',
    'metastasis',
    'train',
  ],
  ...[
    'test',
    'validation',
    'series',
    'batch',
    'group',
    'subject',
    'donor',
    'fall',
    'schnitt',
    'probe',
    'tissue',
  ],
  ...[
    'fixed',
    'frozen',
    'stain',
    'stained',
    'aperio',
    'hamamatsu',
    'leica',
    'philips',
    'ventana',
    'zeiss',
    'copy',
  ],
  ...['unknown', 'part', 'level', 'region', 'export', 'final', 'new', 'old', 'the', 'and', 'of'],
]);

/** Given names that are common where slides come from; matched as whole words, without accents. */
export const GIVEN_NAMES: ReadonlySet<string> = new Set(
  (
    'james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark ' +
    'donald steven andrew paul joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob mary ' +
    'patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley emily ' +
    'donna michelle carol amanda melissa deborah stephanie rebecca laura helen anna emma olivia sophia hans peter ' +
    'klaus wolfgang juergen jurgen dieter manfred uwe guenter gunter horst bernd karl heinz werner gerhard helmut ' +
    'stefan andreas martin frank markus sabine monika petra ursula renate ingrid helga karin gisela claudia birgit ' +
    'andrea gabriele heike katrin julia lena jean pierre michel philippe alain bernard jacques francois marie ' +
    'monique francoise isabelle nathalie catherine sylvie jose antonio manuel francisco juan luis carlos miguel ' +
    'maria carmen josefa isabel dolores pilar giuseppe giovanni mario luigi francesco giulia rosa piotr andrzej ' +
    'krzysztof jan stanislaw tomasz katarzyna malgorzata agnieszka mehmet mustafa ahmet ali hasan fatma ayse emine ' +
    'mohammed muhammad mohamed ahmed omar fatima aisha ivan sergei vladimir dmitri olga natalia tatiana svetlana ' +
    'wei ming hiroshi yuki kenji min-jun ji-woo rahul amit priya anita sunita lars anders erik ingrid bjorn willem ' +
    'johannes cornelis joao antonia'
  ).split(' '),
);
