#!/usr/bin/env python
"""Explain texts while you type them, on a page in your browser.

    python serve.py --model-setup results/stsa.binary_cnn

Predictions, coloured words and the nearest training texts follow what is
typed; a word can be left out or replaced by a click (docs/serve.md).  Only
this computer can open the page, unless --host says otherwise.
"""
import compat  # noqa: F401  (before Chainer)

import argparse

import runs
import saliency
from errors import MissingPackage
from runs import flags


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
    add = parser.add_argument
    add('--host', default='127.0.0.1',
        help='address that listens; 0.0.0.0 lets the whole network in, '
             'without a password (default: 127.0.0.1)')
    add('--port', type=flags.whole_number(0, 65535), default=8000,
        help='0 takes any that is free (default: 8000)')
    add('--allow-host', action='append', default=[], metavar='NAME',
        help='another name under which browsers may open the page')
    add('--premise', action='store_true',
        help="score the premise's words, too")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    try:
        from live import app, desk, server
    except ImportError as error:
        raise MissingPackage(error.name, '-r requirements-serve.txt',
                             'serve.py') from None
    with server.listen(args.host, args.port) as listening:
        explainer = saliency.load_explainer(
            args.model_setup, data_dir=args.data_dir, gpu=args.gpu,
            premise=args.premise, memory=args.memory, dtype=args.dtype,
            **flags.dknn_options(args))
        answering = desk.Desk(explainer)
        answering.warm_up()
        hosts = {name.lower() for name in (args.host, *args.allow_host)}
        print(f'{explainer.run.folder} is served at '
              f'{server.address_of(args.host, listening)}; Ctrl-C ends it',
              flush=True)
        server.serve(app.make_app(answering, hosts), listening)
    print('ended')


if __name__ == '__main__':
    runs.run_script(main)
