"""Ray's AWS provider with a second choice: a spot machine that is not to be had is bought on demand.

Ray alone asks for the same spot machine again for as long as AWS has none. Named in the cluster file as
``provider: {type: external, module: ...}``, it is imported by ``ray up`` and by the autoscaler on the head.
"""

from typing import Any

from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.tags import NODE_KIND_WORKER, TAG_RAY_NODE_KIND

NO_SPOT = frozenset(
    {
        "InsufficientInstanceCapacity",
        "MaxSpotInstanceCountExceeded",
        "SpotMaxPriceTooLow",
        "InsufficientHostCapacity",
    }
)
"""Codes with which AWS says that it sells no spot machine of this type now."""


class SpotFirstProvider(AWSNodeProvider):
    """AWS as Ray knows it; workers that ask for spot fall back to at most ``most_on_demand`` on demand."""

    def _create_node(self, node_config: dict[str, Any], tags: dict[str, str], count: int) -> dict[str, Any]:
        """Return the started instances by id; raises ``NodeLaunchException`` when AWS has none."""
        try:
            return self._bought(node_config, tags, count)
        except NodeLaunchException as refusal:
            allowed = min(count, self._on_demand_left())
            if not _asks_for_spot(node_config) or refusal.category not in NO_SPOT or allowed < 1:
                raise
            return self._bought(on_demand(node_config), tags, allowed)

    def _bought(self, node_config: dict[str, Any], tags: dict[str, str], count: int) -> dict[str, Any]:
        bought: dict[str, Any] = super()._create_node(  # type: ignore[no-untyped-call]
            dict(node_config), tags, count
        )
        return bought

    def _on_demand_left(self) -> int:
        """Return how many workers may still be bought on demand."""
        workers = self._workers()
        paid_in_full: int = sum(worker.instance_lifecycle != "spot" for worker in workers)
        allowed = int(self.provider_config.get("most_on_demand", 0))
        return allowed - paid_in_full

    def _workers(self) -> list[Any]:
        """Return the EC2 instances of the workers."""
        kind = {TAG_RAY_NODE_KIND: NODE_KIND_WORKER}
        node_ids = self.non_terminated_nodes(kind)  # type: ignore[no-untyped-call]
        return [self._get_cached_node(node_id) for node_id in node_ids]  # type: ignore[no-untyped-call]


def on_demand(node_config: dict[str, Any]) -> dict[str, Any]:
    """Return the launch request without its wish for spot."""
    return {key: value for key, value in node_config.items() if key != "InstanceMarketOptions"}


def _asks_for_spot(node_config: dict[str, Any]) -> bool:
    return bool(node_config.get("InstanceMarketOptions", {}).get("MarketType") == "spot")
