"""From an environment to a Python handler: environment variables, module path, exec wrapper, and loading as Lambda does it.

The errors of loading are those of awslambdaric 4.2.2; the module path is that of Lambda's python runtimes.
"""

import importlib
import os
import signal
import sys
import time

from bootstrap_errors import (
    BUILT_IN_MODULE_CONFLICT,
    HANDLER_NOT_FOUND,
    IMPORT_MODULE_ERROR,
    MALFORMED_HANDLER_NAME,
    USER_CODE_SYNTAX_ERROR,
    FaultException,
)

WRAPPED = "_LAMBENT_WRAPPED"
"""Set in the environment of the process that an exec wrapper starts: its environment is the wrapper's work and is kept."""

_HERE = os.path.dirname(os.path.abspath(__file__))
_STARTED_WITH = os.environ.get("LD_LIBRARY_PATH", "")
_SYSTEM_LIBRARIES = ("/lib64", "/usr/lib64")
_shadowable = frozenset()


def preload(names):
    """Import these modules, so that forks share them. Remembers which: a function's own module of such a name must win."""
    global _shadowable
    ours = set(sys.modules)
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:  # an interpreter built without it, or a version that dropped it
            continue
    _shadowable = frozenset(name for name in sys.modules if name not in ours)


def replace_environment(variables):
    """Make these the process's only environment variables, also for C code and for local time."""
    for name in set(os.environ).difference(variables):
        del os.environ[name]
    for name, value in variables.items():
        os.environ[name] = value
    time.tzset()


def exec_wrapper(wrapper, descriptors):
    """Replace this process by AWS_LAMBDA_EXEC_WRAPPER, run with the command line of the interpreter.

    `descriptors`: pairs of an open descriptor and the number under which the wrapper inherits it.
    A wrapper that cannot be run ends the process with a shell's status, 127 or 126, as Lambda's own start script does.
    """
    os.chdir(os.environ.get("LAMBDA_TASK_ROOT", "/var/task"))  # where a script that starts something else looks for its files
    if not os.path.isfile(wrapper):
        _refuse(wrapper + ": does not exist", 127)
    if not os.access(wrapper, os.X_OK):
        _refuse(wrapper + ": is not an executable", 126)
    # Without -I and -S: PYTHONPATH and sitecustomize are the means of wrappers.
    _become([wrapper, _interpreter(), "-s", os.path.join(_HERE, "bootstrap.py")], descriptors)


def exec_for_libraries(descriptors):
    """Start anew when libraries lie in a folder where this process does not look: LD_LIBRARY_PATH is read once, at the start."""
    wanted = os.environ.get("LD_LIBRARY_PATH", "")
    if wanted != _STARTED_WITH and any(_has_libraries(each) for each in wanted.split(":")):
        _become([_interpreter(), "-I", "-S", os.path.join(_HERE, "bootstrap.py")], descriptors)


def _has_libraries(folder):
    if folder in _SYSTEM_LIBRARIES or folder in _STARTED_WITH.split(":"):
        return False
    try:
        return any(".so" in name for name in os.listdir(folder))
    except OSError:
        return False


def _become(command, descriptors):
    for fd, inherited in descriptors:
        os.dup2(fd, inherited)
    environment = {**os.environ, WRAPPED: "1"}
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what it starts would go on doing so
    try:
        os.execve(command[0], command, environment)
    except OSError as error:
        _refuse("{}: {}".format(command[0], error.strerror), 126)


def _refuse(message, status):
    os.write(1, (message + "\n").encode())
    os._exit(status)


def _interpreter():
    """The interpreter's path as this process sees it: a fork of a zygote knows only where the zygote saw it."""
    inside = "/var/lang/bin/python{}.{}".format(*sys.version_info[:2])
    return sys.executable if os.path.exists(sys.executable) or not os.path.exists(inside) else inside


def set_module_path(task_root, layers_root):
    """sys.path as Lambda's: the package, then layers (unless PYTHONPATH was set by the user), PYTHONPATH, standard library."""
    runtime = os.environ.get("LAMBDA_RUNTIME_DIR", "")
    python_path = os.environ.setdefault("PYTHONPATH", runtime)
    layers = layers_root + "/python"
    by_user = python_path != runtime
    own = [] if by_user else [layers + "/lib/python{}.{}/site-packages".format(*sys.version_info[:2]), layers]
    entries = [task_root, *own, *filter(None, python_path.split(os.pathsep)), *sys.path]
    sys.path[:] = [entry for entry in dict.fromkeys(entries) if entry != _HERE or entry == runtime]
    for directory in [task_root, *own]:
        _take_in(directory)


def _take_in(directory):
    """Honour the .pth files of a directory, and let its modules win over those that we imported ahead."""
    try:
        names = os.listdir(directory)
    except OSError:
        return
    shadowed = _shadowable.intersection([name.partition(".")[0] for name in names])
    if shadowed:  # walking all modules would touch, and so copy, the page of every name
        for module in [name for name in sys.modules if name.partition(".")[0] in shadowed]:
            del sys.modules[module]
    if any(name.endswith(".pth") for name in names):
        import site  # noqa: PLC0415 - seldom needed

        site.addsitedir(directory)


def load_handler(handler):
    """The function that `module.function` names. Raises FaultException, or whatever the module raises while it is imported."""
    try:
        modname, fname = handler.rsplit(".", 1)
    except ValueError as error:
        raise FaultException(MALFORMED_HANDLER_NAME, "Bad handler '{}': {}".format(handler, error)) from None
    try:
        if modname.split(".")[0] in sys.builtin_module_names:
            raise FaultException(BUILT_IN_MODULE_CONFLICT, "Cannot use built-in module {} as a handler module".format(modname))
        module = importlib.import_module(modname.replace("/", "."))
    except ImportError as error:
        raise FaultException(IMPORT_MODULE_ERROR, "Unable to import module '{}': {}".format(modname, error)) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise FaultException(USER_CODE_SYNTAX_ERROR, "Syntax error in module '{}': {}".format(modname, error), trace) from None
    try:
        return getattr(module, fname)
    except AttributeError:
        raise FaultException(HANDLER_NOT_FOUND, "Handler '{}' missing on module '{}'".format(fname, modname)) from None
