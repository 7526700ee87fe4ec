"""What machine types have and cost: from AWS where it answers, else from what is known here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.errors import Unreachable

G5 = {"xlarge": (4, 1), "2xlarge": (8, 1), "4xlarge": (16, 1), "8xlarge": (32, 1), "12xlarge": (48, 4)}
CPU_ONLY = {"large": (2, 0), "xlarge": (4, 0), "2xlarge": (8, 0), "4xlarge": (16, 0)}
KNOWN = {
    f"{family}.{size}": {"CPU": float(cpus), "GPU": float(gpus)}
    for family, sizes in {"g4dn": G5, "g5": G5, "g6": G5, "m6i": CPU_ONLY, "m7i": CPU_ONLY}.items()
    for size, (cpus, gpus) in sizes.items()
}
"""CPUs and GPUs of the types that the shipped file speaks of, for plans made without a network."""

SECONDS = 5
"""How long AWS is waited for: a check must not hang on a network that swallows packets."""


@dataclass(frozen=True)
class Price:
    """Dollars for one machine and hour."""

    usd_per_hour: float
    source: str


class Aws:
    """Questions to AWS in one region. Every answer may be ``Unreachable``; nothing is started or changed."""

    def __init__(self, region: str) -> None:
        # boto3 takes a quarter of a second, which only checks of AWS clusters should cost.
        import boto3
        from botocore.config import Config

        self._session = boto3.Session(region_name=region)
        self._config = Config(
            connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1}
        )
        self._region = region
        self._silent: Unreachable | None = None

    def has_credentials(self) -> bool:
        """Return whether boto3 finds credentials, wherever it looks for them."""
        return self._session.get_credentials() is not None

    def resources(self, machine: str) -> dict[str, float] | None:
        """Return CPUs and GPUs of a machine type, nothing when AWS has none of that name."""
        answer = self._ask("ec2", "describe_instance_types", InstanceTypes=[machine])
        if answer is None:
            return None
        (machine_type,) = answer["InstanceTypes"]
        gpus = sum(gpu["Count"] for gpu in machine_type.get("GpuInfo", {}).get("Gpus", ()))
        return {"CPU": float(machine_type["VCpuInfo"]["DefaultVCpus"]), "GPU": float(gpus)}

    def price(self, machine: str, spot: bool) -> Price | None:
        """Return what the machine type costs now, nothing when AWS does not say."""
        return self._spot_price(machine) if spot else self._list_price(machine)

    def _spot_price(self, machine: str) -> Price | None:
        answer = self._ask(
            "ec2",
            "describe_spot_price_history",
            InstanceTypes=[machine],
            ProductDescriptions=["Linux/UNIX"],
            StartTime=datetime.now(UTC),
        )
        prices = [float(entry["SpotPrice"]) for entry in (answer or {}).get("SpotPriceHistory", ())]
        return Price(min(prices), f"spot, {self._region} now") if prices else None

    def _list_price(self, machine: str) -> Price | None:
        wanted = {
            "instanceType": machine,
            "regionCode": self._region,
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        }
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
        answer = self._ask("pricing", "get_products", ServiceCode="AmazonEC2", Filters=filters)
        prices = [price for product in (answer or {}).get("PriceList", ()) for price in _list_prices(product)]
        return Price(min(prices), f"on demand, {self._region}") if prices else None

    def _ask(self, service: str, question: str, **words: Any) -> dict[str, Any] | None:  # noqa: ANN401
        """Return the answer, nothing for a type that AWS does not know; raises ``Unreachable``."""
        from botocore.exceptions import BotoCoreError, ClientError

        if self._silent:
            raise self._silent  # who did not answer once is not waited for again
        region = "us-east-1" if service == "pricing" else self._region  # the price list is kept there
        try:
            client = self._session.client(service, region_name=region, config=self._config)
            answer: dict[str, Any] = getattr(client, question)(**words)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "InvalidInstanceType":
                return None
            raise Unreachable(f"AWS refuses {question}: {error}") from error
        except BotoCoreError as error:
            self._silent = Unreachable(f"AWS does not answer {question}: {error}")
            raise self._silent from error
        return answer


def _list_prices(product: str) -> Iterable[float]:
    """Yield the hourly prices of one product of the price list, a JSON document."""
    terms: Mapping[str, Any] = json.loads(product).get("terms", {}).get("OnDemand", {})
    for term in terms.values():
        for dimension in term.get("priceDimensions", {}).values():
            usd = float(dimension.get("pricePerUnit", {}).get("USD", 0))
            if dimension.get("unit") == "Hrs" and usd:
                yield usd
