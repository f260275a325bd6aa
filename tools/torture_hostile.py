"""Texts and tables as nobody should write them."""
import gzip
import html.parser
import json

from tools.torture_checks import check_leftovers, check_state
from tools.torture_world import (
    RUN,
    TRAIN,
    USE,
    Failure,
    ended,
    hidden,
    read,
    state,
)

OUT = 'other'  # where tables are trained on that are no toy.csv
SCRIPT = '<script>alert(1)</script>'
# Kind -> what a text consists of
TEXTS = {
    'empty': '', 'blank': ' \t ', 'no-break spaces': '\xa0\u2003\u3000',
    'zero width': 'go\u200bod \u2060 \ufeff film', 'bidi': '\u202eliam\u202c',
    'accents': 'e' + '\u0301' * 5000, 'composed': '\u1e9b\u0323 \ufb01lm \xdf',
    'emoji': '\U0001f469\u200d\U0001f692\U0001f3fd', 'plane 16': '\U0010ffff',
    'no character': '\ufffe \uffff', 'surrogate': 'a \ud800 film',
    'bytes that are no UTF-8': 'a \udcff film', 'escapes': '\x1b[2J\x1b]0;x\a',
    'controls': '\x01\x02\x7f\x9b31m', 'markup': f'{SCRIPT}<img src=x> &lt;',
    'closing': '</script></style>--><!-- ]]>', 'quotes': '"\'`${x}{{7*7}}{%',
    'formula': '=1+1 @SUM(A1)', 'long word': 'a' * 200_000,
    'many words': 'good film ' * 5000, 'specials': '<eos> <unk> <pad> eos',
    'line ends': 'a\rb\x0bc\x0cd\x85e\u2028f\u2029g', 'tabs': 'a\tb\tc',
    'backslashes': '\\n \\x1b \\u0041 %s %n', 'flag': '--help',
    'percent': '{label} %(prog)s {0}', 'numbers': 'NaN inf -0 1e999',
    'thai': '\u0e01\u0e33\u0e01\u0e33', 'turkish': 'I\u0130\u0131 \u017f'}


def rows(rng, n=60, texts=None, labels=('negative', 'positive')):
    """Labels and texts: made-up ones, among others that are given."""
    words = 'good bad fine dull film plot a the this some with'.split()
    return [(labels[i % len(labels)],
             texts[i % len(texts)] if texts and i % 3 == 0
             else ' '.join(rng.choices(words, k=5)) + f' {i}')
            for i in range(n)]


def quoted(cell):
    """A cell of a CSV file."""
    return '"' + cell.replace('"', '""') + '"'


def as_csv(table):
    """A table as bytes; what is no character as the bytes it was."""
    lines = ['label,text', *(','.join(map(quoted, row)) for row in table)]
    return '\n'.join([*lines, '']).encode('utf-8', 'surrogatepass')


def as_jsonl(table):
    """The same as JSON objects."""
    return ''.join(json.dumps(dict(zip(('label', 'text'), row, strict=True)))
                   + '\n' for row in table).encode()


def lines(rng, *extra, head='label,text'):
    """A CSV file with lines of its own among others."""
    body = [f'{label},{text}' for label, text in rows(rng)]
    for line in extra:
        body.insert(rng.randrange(len(body)), line)
    return '\n'.join([head, *body, '']).encode('utf-8', 'surrogateescape')


def numbers(rng, values):
    """JSON lines whose labels are written in several ways."""
    return ''.join(f'{{"label": {values[i % len(values)]}, "text": '
                   f'"{text}"}}\n' for i, (_, text)
                   in enumerate(rows(rng))).encode()


def noise(rng):
    """A good file with random bytes in random places."""
    content = bytearray(as_csv(rows(rng)))
    for _ in range(rng.randint(1, 40)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


# Kind -> extension, and bytes from random numbers
TABLES = {
    'no bytes': ('.csv', lambda r: b''),
    'a header only': ('.csv', lambda r: b'label,text\n'),
    'a mark only': ('.csv', lambda r: b'\xef\xbb\xbf'),
    'a mark twice': ('.csv', lambda r: b'\xef\xbb\xbf' * 2 + lines(r)),
    'UTF-16': ('.csv', lambda r: lines(r).decode().encode('utf-16')),
    'UTF-32': ('.tsv', lambda r: lines(r).decode().encode('utf-32')),
    'Latin-1': ('.csv', lambda r: lines(r, 'negative,caf\udce9')),
    'NUL': ('.csv', lambda r: lines(r, 'negative,a\0b')),
    'only NUL': ('.tsv', lambda r: bytes(5000)),
    'noise': ('.csv', noise),
    'random bytes': ('.tsv', lambda r: r.randbytes(5000)),
    'random JSON lines': ('.jsonl', lambda r: r.randbytes(5000)),
    'an open quote': ('.csv', lambda r: lines(r, 'negative,"open')),
    'quotes inside': ('.csv', lambda r: lines(r, 'negative,a "b" c"')),
    'more cells': ('.csv', lambda r: lines(r, 'negative,a,b,c,d')),
    'fewer cells': ('.csv', lambda r: lines(r, 'negative')),
    'CR only': ('.csv', lambda r: lines(r).replace(b'\n', b'\r')),
    'CRLF': ('.csv', lambda r: lines(r).replace(b'\n', b'\r\n')),
    'no header': ('.csv', lambda r: lines(r, head='negative,film')),
    'columns twice': ('.csv', lambda r: lines(r, head='label,label')),
    'other columns': ('.csv', lambda r: lines(r, head='a,b')),
    'header of 10,000': ('.csv', lambda r: lines(
        r, head='label,text' + ',x' * 10_000)),
    'a long cell': ('.csv', lambda r: lines(
        r, 'negative,' + 'good ' * 60_000)),
    'a long line': ('.tsv', lambda r: b'negative\t' + b'a' * 30_000_000),
    'one label': ('.csv', lambda r: as_csv(rows(r, labels=['a']))),
    'a label each': ('.csv', lambda r: as_csv(
        rows(r, labels=list(map(str, range(60)))))),
    'two of each': ('.csv', lambda r: as_csv(rows(r, n=4))),
    'one row': ('.csv', lambda r: as_csv(rows(r, n=1))),
    'the same text': ('.csv', lambda r: as_csv([
        (label, 'a film') for label, _ in rows(r)])),
    'empty texts': ('.csv', lambda r: as_csv([
        (label, '') for label, _ in rows(r)])),
    'empty labels': ('.csv', lambda r: as_csv(rows(r, labels=['', ' ']))),
    'labels that escape': ('.csv', lambda r: as_csv(
        rows(r, labels=['\x1b[31mred', '\u202egood']))),
    'labels of markup': ('.csv', lambda r: as_csv(
        rows(r, labels=[SCRIPT, '</style><b>']))),
    'long labels': ('.csv', lambda r: as_csv(
        rows(r, labels=['a' * 1000, 'b' * 1000]))),
    'labels that differ in case': ('.csv', lambda r: as_csv(
        rows(r, labels=['a', 'A', ' a']))),
    'labels as numbers': ('.jsonl', lambda r: numbers(r, ['1', '1.0', '2'])),
    'labels not finite': ('.jsonl', lambda r: numbers(r, ['NaN', '1e999'])),
    'labels of any type': ('.jsonl', lambda r: numbers(
        r, ['true', 'null', '[]', '{}'])),
    'large numbers': ('.jsonl', lambda r: numbers(
        r, ['9' * 5000, '1' + '0' * 400])),
    'a surrogate': ('.jsonl', lambda r: as_jsonl(rows(r, texts=[
        'a \ud800 film']))),
    'deep JSON': ('.jsonl', lambda r: as_jsonl(rows(r)) + b'[' * 100_000),
    'deep text': ('.jsonl', lambda r: b'{"label": "a", "text": '
                  + b'[' * 100_000 + b']' * 100_000 + b'}'),
    'JSON arrays': ('.jsonl', lambda r: b'["a", "b"]\n' * 50),
    'keys twice': ('.jsonl', lambda r: b'{"label": "a", "label": "b", '
                   b'"text": "c"}\n' * 50),
    'text of numbers': ('.jsonl', lambda r: b'{"label": "a", "text": 5}\n'),
    'other keys': ('.jsonl', lambda r: b'{"a": "b"}\n' * 50),
    'cut gzip': ('.csv.gz', lambda r: gzip.compress(lines(r))[:-20]),
    'no gzip': ('.csv.gz', lines),
    'gzip with more': ('.csv.gz', lambda r: gzip.compress(lines(r)) + b'xx'),
    'large gzip': ('.csv.gz', lambda r: gzip.compress(bytes(50_000_000))),
    'unknown kind': ('.xlsx', lambda r: b'PK\3\4' + r.randbytes(500))}


def hostile_cases(world):
    """Arguments of ``hostile``: each text alone and in a table, each table."""
    return [(kind, name) for kind, names in (
        ('text', TEXTS), ('texts', TEXTS), ('table', TABLES))
        for name in names]


def hostile(case, kind, name):
    """Gives a command a hostile text or table.

    Args:
        case (Case): The case.
        kind (str): ``'text'``: to explain; ``'texts'``: a table with such;
            ``'table'``.
        name (str): A key of ``TEXTS`` or ``TABLES``.
    """
    case.copy(case.world.template('fresh'))
    case.say(f'{kind} {name!r}')
    if kind == 'text':
        explain(case, TEXTS[name])
    elif kind == 'texts':
        texts = [TEXTS[name], f'good {TEXTS[name]} film', TEXTS[name] * 2]
        suffix, write = case.rng.choice([('.csv', as_csv),
                                         ('.jsonl', as_jsonl)])
        train_on(case, suffix, write(rows(case.rng, texts=texts)))
    else:
        suffix, make = TABLES[name]
        train_on(case, suffix, make(case.rng))


def explain(case, text):
    """Explains a text, given as a flag or in a file."""
    before = state(case.folder)
    flags = [f'--text={text}']
    if case.rng.random() < .5:
        (case.folder / 'texts').write_bytes(
            text.encode('utf-8', 'surrogateescape'
                        if '\udcff' in text else 'surrogatepass'))
        flags = ['--input', 'texts']
    case.say(f'interpret {flags[0][:80]!r}')
    if not ended(case.world.call(case.folder, (
            'interpret.py', [*USE, *flags, '--out', str(RUN)]))):
        check_page(case.folder / RUN, 'interpretations.own')
    if state(case.folder) != before:
        raise Failure('a run was changed by what reads it')
    check_leftovers(case)


def train_on(case, suffix, content):
    """Trains on a table, in the place of a run where it can be."""
    name, out = f'toy{suffix}', 'results' if suffix == '.csv' else OUT
    before, table = state(case.folder), case.folder / name
    old = read(table)
    table.write_bytes(content)
    flags = [{'toy.csv': name, 'results': out}.get(word, word)
             for word in TRAIN]
    case.say(f'train on {name}, {len(content)} bytes')
    code = ended(case.world.call(case.folder, (
        'train.py', [*flags, '--epoch', '1'])))
    check_leftovers(case)
    if code:
        check_refused(case, old, table, before)
    else:
        use(case, case.folder / out / RUN.name)


def check_refused(case, old, table, before):
    """The old run is as it was, and nothing else was made."""
    if state(case.folder) != before:
        raise Failure('lost model', 'refused data replaced a run')
    if (case.folder / OUT).exists():
        raise Failure('leftovers', f'{OUT}: {hidden(case.folder)}')
    if old is not None:
        table.write_bytes(old)
        check_state(case, ['s0e4'])


def use(case, folder):
    """Predicts and explains with a run that was trained on such data."""
    for script in ('run_dknn.py', 'interpret.py'):
        case.say(script)
        code = ended(case.world.call(case.folder, (script, [
            '--model-setup', str(folder), '--neighbors', '3'])))
        if script == 'interpret.py' and not code:
            check_page(folder, 'interpretations')
    check_leftovers(case)


class _Tags(html.parser.HTMLParser):
    """Counts what could run or load something."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def handle_starttag(self, tag, attributes):
        names = [tag] if tag in ('script', 'style', 'img', 'iframe') else []
        names += [name for name, _ in attributes if name.startswith('on')]
        for name in names:
            self.found[name] = self.found.get(name, 0) + 1


def tags(path):
    """How often a page has which of them."""
    parser = _Tags()
    parser.feed(path.read_text(encoding='utf-8'))
    return parser.found


def check_page(folder, stem):
    """Page and records are whole, and the page runs no code of the data."""
    for line in (folder / f'{stem}.jsonl').read_bytes().splitlines():
        json.loads(line)
    found = tags(folder / f'{stem}.html')
    if found.get('style', 0) > 1 or found.get('img') or found.get(
            'iframe') or any(name.startswith('on') for name in found):
        raise Failure('the page holds markup of the data', str(found))
