/** `wsi encoder import`: weights that others publish, as a file that a job can start from. */
import { Argument, Option, type Command } from 'commander';
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { importWeights, type ImportedWeights } from '@wsi-operator/engine';
import { printLine } from '../terminal/streams.ts';

const EXAMPLES = `
Examples:
  wsi encoder import resnet18-f37072fd.pth --encoder resnet18 --output resnet18.safetensors
  wsi encoder import checkpoint.pth --key teacher --encoder resnet18 --output teacher.safetensors`;

interface ImportOptions {
  readonly encoder: EncoderName;
  readonly output: string;
  readonly key?: string;
}

export function registerEncoder(program: Command): void {
  const names = Object.entries(ENCODERS).flatMap(([name, { hasWeights }]) => (hasWeights ? [name] : []));
  const encoder = program.command('encoder').summary('prepare weights to start from');
  encoder.description('Prepare weights that others publish, for model.encoder.weights of a job.');
  encoder
    .command('import')
    .summary('make a safetensors file of a file of PyTorch, and check it')
    .description(
      'Read the tensors of a file of PyTorch (.pt, .pth) or of a safetensors file, check that they\n' +
        'are those of the encoder, and write these as safetensors. Nothing in the file is executed:\n' +
        'a pickle that does more than describe tensors is refused.',
    )
    .addArgument(new Argument('<FILE>', 'file of PyTorch, or safetensors'))
    .addOption(new Option('--encoder <NAME>', 'which encoder it is of').choices(names).makeOptionMandatory())
    .requiredOption('--output <FILE>', 'safetensors file to write')
    .option('--key <NAME>', 'which model of a file with several is meant, such as teacher')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: ImportOptions) => {
      const imported = await importWeights(file, options);
      for (const line of importedLines(imported, options)) printLine(line);
    });
}

/** What was done with each tensor, and what a job writes. */
export function importedLines(
  { format, under, prefix, taken, ignored, match, sha256 }: ImportedWeights,
  { encoder, output }: Pick<ImportOptions, 'encoder' | 'output'>,
): string[] {
  return [
    `read     ${format}, names of ${match.weights.by}`,
    ...(under.length === 0 ? [] : [`under    ${under.join('.')}`]),
    ...(prefix === '' ? [] : [`prefix   ${prefix} (left out)`]),
    `taken    ${taken.length} tensors`,
    `ignored  ${ignored.length === 0 ? 'none' : ignored.join(', ')}`,
    'missing  none',
    `sha256   ${sha256}`,
    `written  ${output}`,
    `use      model.encoder: {name: ${encoder}, weights: ${output}}`,
  ];
}
