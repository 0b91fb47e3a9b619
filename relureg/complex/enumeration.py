"""Where complexes come from: every region of a network found, or a file read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.engine.engines import choose
from relureg.engine.limits import Limits, Progress, Report, Workers, watching
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem


@checked
def enumerate_regions(
    network: Network,
    domain: Domain | None = None,
    engine: str = "auto",
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    audit: bool = False,
    progress: Callable[[Progress], None] | bool | None = None,
    scheduler: Any = None,
) -> Complex:
    """Find every activation region of a network, exactly.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only the part of the complex inside; the whole input space when left out. Where the domain fixes inputs, the
        complex is that of the network on the inputs left: see `Complex.network` and its `slice`.
    engine : {"auto", "split", "dictionaries", "lp"}, optional
        ``split`` (the default) is the compiled splitter, ``dictionaries`` the compiled search for many inputs, which
        the default is where cells have many vertices (see `EngineChoice`), ``lp`` the referee: exact rational programs,
        slow. All are exact and give the same regions, facets and order.
    max_regions : int, optional
    timeout : float, optional
        Seconds. When a limit stops the run the result has ``complete`` False and holds the regions found.
    jobs : int, optional
        Threads of the splitter; all cores when left out. The result does not depend on it.
    audit : bool, optional
        Let the splitter decide every predicate in doubles and in integers, and stop on a contradiction. Slow.
    progress : callable or True, optional
        Called with a `Progress` every now and then; True shows a bar on the terminal or in the notebook.
    scheduler : str or distributed.Client, optional
        Who does the work, instead of threads; see `count_regions`. All regions are brought together here.

    Returns
    -------
    Complex

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    EngineUnavailableError
        The engine needs a package that is not installed.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> relureg.enumerate_regions(network).num_regions
    49
    >>> relureg.enumerate_regions(network, relureg.Domain.box([-10, -10], [10, 10])).num_regions
    48
    """
    return enumerate_problem(
        Problem(network=network, domain=domain),
        engine,
        limits=Limits(max_regions=max_regions, timeout=timeout),
        workers=Workers(jobs=jobs, scheduler=scheduler, audit=audit),
        report=progress,
    )


@checked
def enumerate_problem(
    problem: Problem,
    engine: str = "auto",
    *,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | bool | None = None,
) -> Complex:
    """`enumerate_regions` of a problem, within limits, by those who work; raises as that does."""
    with watching(limits, report) as watch:
        problem = problem.restricted()
        chosen, choice = choose(engine, problem, visits=True)
        find = chosen.finder
        chosen.check_fits(workers)
        found = find(problem, workers, watch)
        return Complex(
            problem=problem,
            engine=chosen.name,
            records=found.records,
            stopped_by=found.stopped_by,
            jobs=workers.jobs,
            engine_choice=choice,
        )


@checked
def load_complex(path: str | Path, *, verify: bool = True) -> Complex:
    """Read a complex that `Complex.save` wrote.

    Parameters
    ----------
    verify : bool, optional
        Run the checks of the complex, and refuse a file that does not pass them. Without it, only the form of the file
        is checked.

    Raises
    ------
    ComplexFileError
        The file cannot be read, is no complex, is damaged, is of another version, or does not pass the checks.

    Examples
    --------
    >>> import relureg
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> cells = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> with TemporaryDirectory() as folder:
    ...     cells.save(Path(folder, "xor.npz"))
    ...     relureg.load_complex(Path(folder, "xor.npz")) == cells
    True
    """
    return Complex.load(path, verify=verify)
