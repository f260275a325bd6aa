"""Files and archives that the tests of the readers make."""
import gzip
import io
import tarfile


def write_table(folder, name, content):
    """A user's file of str or bytes, gzipped if its name says so."""
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith('.gz')
                     else content)
    return str(path)


def write_tar(path, members):
    """A gzipped tar archive of (name, bytes)."""
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def write_lines(folder, name, labels):
    """A user's file whose texts say which line they are."""
    text = ''.join(f'{label}\tthe text {i}\n'
                   for i, label in enumerate(labels))
    (folder / name).write_text(text)
    return str(folder / name)


def lines_of(split):
    """The numbers in the texts of ``write_lines``."""
    return [int(example.texts[0][-1]) for example in split]


def sizes(data):
    """How many training, validation, calibration and test examples."""
    return [len(split) for split in (data.train, data.valid, data.calib,
                                     data.test)]
