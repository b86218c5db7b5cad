"""Reads datasets with fideslang itself, and writes them as its models hold them.

    pip install fideslang==3.1.4
    python check.py sandbox.yml > as-fides-holds-it.yml

Fails where fideslang refuses a dataset, knows no such category or subject, where a reference leads to no field, or
where a collection refers to itself.
"""

import sys

import yaml
from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.models import Dataset

with open(sys.argv[1], encoding="utf-8") as file:
    datasets = [Dataset(**one) for one in yaml.safe_load(file)["dataset"]]

categories = {category.fides_key for category in DEFAULT_TAXONOMY.data_category}


def walk(fields, path):
    for field in fields:
        yield f"{path}.{field.name}", field
        yield from walk(field.fields or [], f"{path}.{field.name}")


fields = {
    f"{dataset.fides_key}.{path}": field
    for dataset in datasets
    for collection in dataset.collections
    for path, field in walk(collection.fields, collection.name)
}
wrong = []
for path, field in fields.items():
    wrong += [f"{path}: no category {one}" for one in field.data_categories or [] if one not in categories]
    for reference in (field.fides_meta and field.fides_meta.references) or []:
        target = f"{reference.dataset}.{reference.field}"
        if target not in fields:
            wrong.append(f"{path}: no field {target}")
        if target.split(".")[:2] == path.split(".")[:2]:
            wrong.append(f"{path}: a reference to its own collection")
if wrong:
    sys.exit("\n".join(wrong))
print(f"# {len(datasets)} datasets, {len(fields)} fields, by fideslang 3.1.4")
print(
    yaml.safe_dump(
        {"dataset": [dataset.model_dump(mode="json", exclude_none=True) for dataset in datasets]},
        sort_keys=False,
        allow_unicode=True,
    ),
    end="",
)
