"""How much an attack may do beside what is published: one factor cuts every attack of a setup alike."""

from typing import Any

from search_spaces.attacks import BREPMI, VMI, AttackSettings, DistributionDescent


def image_steps(attack: AttackSettings) -> int:
    """Return the pictures of one class that T sees while they are optimised, were every step taken.

    KEDMI and VMI optimise a distribution, of which ``restarts`` are samples drawn in the end. BREPMI: those
    on the spheres of one radius; that it walks on when the radius grows is not counted. What is done once
    for a T (KEDMI's generator, LOMMA's students) is not counted either.
    """
    if isinstance(attack, DistributionDescent):
        return attack.iterations
    if isinstance(attack, VMI):
        return attack.iterations * attack.samples_per_step
    if isinstance(attack, BREPMI):
        return attack.iterations * attack.restarts * attack.sphere_points
    return attack.iterations * attack.restarts


def budget_factor(attack: AttackSettings) -> float:
    """Return the work of ``attack`` as a share of what is published for it (supplement Table 11).

    >>> from search_spaces.attacks import GMI
    >>> budget_factor(GMI()), budget_factor(GMI(iterations=300, restarts=1))
    (1.0, 0.02)
    """
    return image_steps(attack) / image_steps(type(attack)())


def scaled_iterations(attack: AttackSettings, factor: float) -> dict[str, Any]:
    """Return the iterations with which ``attack`` does ``factor`` of the published work, one at least.

    At its own restarts and samples: fewer restarts leave more iterations to each. BREPMI's cap of attempted
    steps is cut alike.

    >>> from search_spaces.attacks import GMI
    >>> scaled_iterations(GMI(restarts=2), 0.01)
    {'iterations': 75}
    """
    one_iteration = image_steps(attack) // attack.iterations
    iterations = max(1, round(factor * image_steps(type(attack)()) / one_iteration))
    if isinstance(attack, BREPMI):
        most = max(iterations, round(factor * BREPMI().max_steps))
        return {"iterations": iterations, "max_steps": most}
    return {"iterations": iterations}
