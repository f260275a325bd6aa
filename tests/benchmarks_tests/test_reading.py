"""Large data sets are made of small ones, and read in every way."""
import csv
import io
import json
import tarfile
import zipfile

import text_datasets
from benchmarks import reading


def test_snli_and_dbpedia_are_repeated(tmp_path, monkeypatch):
    """Three rows of two, again and again, no word left out."""
    monkeypatch.setattr(reading, 'LEFT_OUT', 0)
    with zipfile.ZipFile(tmp_path / 'old.zip', 'w') as archive:
        for _, member in text_datasets.DATASETS['snli'].files.values():
            archive.writestr(member, ''.join(json.dumps({
                'gold_label': 'neutral', 'sentence1': f'a {i}',
                'sentence2': 'b'}) + '\n' for i in range(2)))
    reading.write_snli(tmp_path / 'old.zip', tmp_path / 'new.zip', 3)
    with zipfile.ZipFile(tmp_path / 'new.zip') as archive:
        train, dev, _ = [
            archive.read(member).splitlines() for _, member in
            text_datasets.DATASETS['snli'].files.values()]
    assert [json.loads(line)['sentence1'] for line in train] == [
        'a 0', 'a 1', 'a 0']
    assert len(dev) == 2
    with tarfile.open(tmp_path / 'old.tar.gz', 'w:gz') as archive:
        for _, member in text_datasets.DATASETS['dbpedia'].files.values():
            info = tarfile.TarInfo(member)
            content = b'1,"t","x, y"\n2,"t","z"\n'
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    reading.write_dbpedia(tmp_path / 'old.tar.gz', tmp_path / 'new.tar.gz', 3)
    with tarfile.open(tmp_path / 'new.tar.gz') as archive:
        content = archive.extractfile('dbpedia_csv/train.csv').read()
    assert list(csv.reader(io.StringIO(content.decode()))) == [
        ['1', 't', 'x, y'], ['2', 't', 'z'], ['1', 't', 'x, y']]


def test_every_way_reads_the_same(tmp_path):
    text = ''.join(f'{i % 2} word {i}\n' for i in range(40))
    for kind in ('train', 'dev', 'test'):
        (tmp_path / f'stsa.binary.{kind}').write_text(text)
    rows = [reading.measure('stsa.binary', tmp_path, way)
            for way in reading.WAYS]
    assert len({row['digest'] for row in rows}) == 1
    assert {row['n'] for row in rows} == {120}
    assert all(row['seconds'] > 0 and row['peak'] > 1 << 20 for row in rows)
