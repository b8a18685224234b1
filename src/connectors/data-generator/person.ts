import { seededRandom } from './random.ts';

const MALE = ['Adam', 'Brian', 'Carlos', 'Daniel', 'Émile', 'Finn', 'Hugo', 'Ivan', 'Jakub', 'Liam', 'Noah', 'Oskar'];
const FEMALE = ['Alice', 'Beata', 'Chloé', 'Dana', 'Elena', 'Freya', 'Grace', 'Ines', 'Julia', 'Maya', 'Nora', 'Zoë'];
const LAST = ['Anders', 'Brown', 'Clark', 'Diaz', 'Evans', 'Fischer', 'García', 'Holt', 'Ito', 'Jensen', 'Kowalski'];
const STREETS = [
  'Acacia Avenue',
  'Bridge Street',
  'Church Road',
  'Dock Lane',
  'Elm Street',
  'Forest Drive',
  'Garden Row',
];
const CITIES = ['Boston', 'Chicago', 'Dallas', 'Miami', 'New York', 'Portland', 'San Francisco', 'Seattle'];
const COMPANIES = ['Bluewater', 'Corewell', 'Dynatrade', 'Everline', 'Fernhill', 'Globex', 'Harborview', 'Ironbridge'];
const SUFFIXES = ['Group', 'Inc', 'Ltd', 'LLC', 'Associates'];
const MAIL_HOSTS = ['mail.example', 'post.example', 'inbox.example'];

const DAY_MS = 86_400_000;
const FIRST_BIRTH_MS = Date.UTC(1926, 0, 1);
const LAST_BIRTH_DAYS = 365 * 82;
/** Ages are counted to this day, so that a person is the same in every run. */
const TODAY_MS = Date.UTC(2026, 0, 1);

/** Fields of Pulsar's `org.apache.pulsar.io.datagenerator.Person`, in its order. */
export interface Person {
  readonly address: {
    readonly street: string;
    readonly streetNumber: string;
    readonly apartmentNumber: string;
    readonly postalCode: string;
    readonly city: string;
  };
  readonly firstName: string;
  readonly middleName: string;
  readonly lastName: string;
  readonly email: string;
  /** Ends in the person's number: no two persons of a connector share it. */
  readonly username: string;
  readonly password: string;
  readonly sex: 'MALE' | 'FEMALE';
  readonly telephoneNumber: string;
  /** Milliseconds since the epoch. */
  readonly dateOfBirth: number;
  readonly age: number;
  readonly company: {
    readonly name: string;
    readonly domain: string;
    readonly email: string;
    readonly vatIdentificationNumber: string;
  };
  readonly companyEmail: string;
  readonly nationalIdentityCardNumber: string;
  readonly nationalIdentificationNumber: string;
  readonly passportNumber: string;
}

const ascii = (name: string): string =>
  name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();

/** Person number `sequence` of source partition `partition`: a pure function of its arguments. All names and addresses are made up. */
export const person = (seed: number, partition: string, sequence: number): Person => {
  const random = seededRandom(seed, sequence);
  const sex = random.next(2) === 0 ? 'MALE' : 'FEMALE';
  const names = sex === 'MALE' ? MALE : FEMALE;
  const firstName = random.pick(names);
  const lastName = random.pick(LAST);
  const login = `${ascii(firstName)}.${ascii(lastName)}`;
  const dateOfBirth = FIRST_BIRTH_MS + random.next(LAST_BIRTH_DAYS) * DAY_MS;
  const companyName = random.pick(COMPANIES);
  const domain = `${companyName.toLowerCase()}.example`;
  return {
    address: {
      street: random.pick(STREETS),
      streetNumber: String(1 + random.next(199)),
      apartmentNumber: random.next(3) === 0 ? String(1 + random.next(99)) : '',
      postalCode: random.digits(5),
      city: random.pick(CITIES),
    },
    firstName,
    middleName: random.next(2) === 0 ? random.pick(names) : '',
    lastName,
    email: `${login}@${random.pick(MAIL_HOSTS)}`,
    username: `${login}.${partition}.${sequence}`,
    password: `generated-${random.digits(8)}`,
    sex,
    telephoneNumber: `${random.digits(3)}-555-${random.digits(4)}`,
    dateOfBirth,
    age: Math.floor((TODAY_MS - dateOfBirth) / (365.25 * DAY_MS)),
    company: {
      name: `${companyName} ${random.pick(SUFFIXES)}`,
      domain,
      email: `contact@${domain}`,
      vatIdentificationNumber: `${random.digits(2)}-${random.digits(7)}`,
    },
    companyEmail: `${login}@${domain}`,
    nationalIdentityCardNumber: `${random.digits(3)}-${random.digits(2)}-${random.digits(4)}`,
    nationalIdentificationNumber: random.digits(11),
    passportNumber: random.digits(9),
  };
};

const textFields = (...names: readonly string[]): object[] =>
  names.map((name) => ({ name, type: ['null', 'string'], default: null }));
const recordOf = (name: string, fields: readonly object[]): object => ({ type: 'record', name, fields });
const nullable = (name: string, type: object): object => ({ name, type: ['null', type], default: null });

/** Avro schema of a {@link Person}. */
export const personSchema = {
  ...recordOf('Person', [
    nullable(
      'address',
      recordOf('Address', textFields('street', 'streetNumber', 'apartmentNumber', 'postalCode', 'city')),
    ),
    ...textFields('firstName', 'middleName', 'lastName', 'email', 'username', 'password'),
    nullable('sex', { type: 'enum', name: 'Sex', symbols: ['MALE', 'FEMALE'] }),
    ...textFields('telephoneNumber'),
    { name: 'dateOfBirth', type: 'long' },
    { name: 'age', type: 'int' },
    nullable('company', recordOf('Company', textFields('name', 'domain', 'email', 'vatIdentificationNumber'))),
    ...textFields('companyEmail', 'nationalIdentityCardNumber', 'nationalIdentificationNumber', 'passportNumber'),
  ]),
  namespace: 'org.apache.pulsar.io.datagenerator',
};
