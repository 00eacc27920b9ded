"""infra/template.yaml, and what becomes of it by a set of parameters, as CloudFormation works it out."""

import functools
import json
import pathlib
import re

import cfnlint.decode

PATH = pathlib.Path(__file__).resolve().parent.parent.parent / "infra/template.yaml"
# Those without a default.
REQUIRED = {"OriginalsBucketName": "photos", "CodeBucket": "code", "CodeKey": "thumbnailer/0123abcd.zip"}
_NO_VALUE = {"Ref": "AWS::NoValue"}
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


@functools.cache
def load():
    """The template with every intrinsic function in its long form. Not to be changed."""
    template, matches = cfnlint.decode.decode(str(PATH))
    assert not matches, matches
    return json.loads(json.dumps(template))


class Reduced:
    """The template as it is for some parameters: conditions decided, parameters and mappings filled in. What only AWS
    knows (references to resources and `AWS::…`) stays."""

    def __init__(self, region="us-east-1", **parameters):
        self.template = load()
        declared = self.template["Parameters"]
        assert not set(parameters) - set(declared), set(parameters) - set(declared)
        values = {name: told["Default"] for name, told in declared.items() if "Default" in told}
        self.values = {name: str(value) for name, value in {**values, **REQUIRED, **parameters}.items()}
        self.region = region
        self.resources = {
            name: self._reduce({part: told for part, told in resource.items() if part != "Condition"})
            for name, resource in self.template["Resources"].items()
            if self._holds_for(resource)
        }
        self.outputs = {
            name: self._reduce(output["Value"])
            for name, output in self.template["Outputs"].items()
            if self._holds_for(output)
        }

    def document(self):
        """A template of nothing but these resources and outputs."""
        outputs = {name: {"Value": value} for name, value in self.outputs.items()}
        return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": self.resources, "Outputs": outputs}

    def properties(self, name):
        """A resource's properties as text: references are `${Name}` and `${Name.Attribute}`."""
        return flat(self.resources[name]["Properties"])

    def of_type(self, kind):
        """The properties of all resources of a type, by their names."""
        return {name: self.properties(name) for name, told in self.resources.items() if told["Type"] == kind}

    def dependencies(self, name):
        """The resources that are made before `name`."""
        resource = self.resources[name]
        after = resource.get("DependsOn", [])
        return set(_references(resource)) | set([after] if isinstance(after, str) else after)

    def violations(self):
        """What the rules say against the parameters."""
        said = []
        for rule in self.template["Rules"].values():
            if self._rule(rule["RuleCondition"]):
                said += [one["AssertDescription"] for one in rule["Assertions"] if not self._rule(one["Assert"])]
        return said

    def _value(self, name):
        """A parameter's value as `Ref` gives it."""
        if self.template["Parameters"][name]["Type"] == "CommaDelimitedList":
            return self.values[name].split(",")
        return self.values[name]

    def _holds_for(self, part):
        return "Condition" not in part or self.holds(part["Condition"])

    def holds(self, condition):
        """Whether a condition, by its name, holds."""
        return self._rule(self.template["Conditions"][condition])

    def _rule(self, node):
        if set(node) == {"Condition"}:
            return self.holds(node["Condition"])
        ((function, arguments),) = node.items()
        match function:
            case "Fn::Not":
                return not self._rule(arguments[0])
            case "Fn::And":
                return all(map(self._rule, arguments))
            case "Fn::Or":
                return any(map(self._rule, arguments))
            case "Fn::Equals":
                left, right = (self._known(argument) for argument in arguments)
                return left == right
            case "Fn::EachMemberEquals":
                return all(member == arguments[1] for member in self._known(arguments[0]))
        raise AssertionError(f"{function} is not known here")

    def _known(self, node):
        return self.region if node == {"Ref": "AWS::Region"} else self._reduce(node)

    def _reduce(self, node):
        if isinstance(node, list):
            return [told for told in map(self._reduce, node) if told != _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, arguments),) = node.items()
            if function == "Ref" and arguments in self.values:
                return self._value(arguments)
            if function == "Fn::If":
                return self._reduce(arguments[1] if self.holds(arguments[0]) else arguments[2])
            if function == "Fn::Sub":
                return self._substitute(arguments)
            if function == "Fn::FindInMap":
                table, row, column = map(self._reduce, arguments)
                return self.template["Mappings"][table][row][column]
            if function in ("Fn::Join", "Fn::Split", "Fn::Select"):
                return _apply(function, self._reduce(arguments))
        told = {key: self._reduce(value) for key, value in node.items()}
        return {key: value for key, value in told.items() if value != _NO_VALUE}

    def _substitute(self, arguments):
        text, variables = arguments if isinstance(arguments, list) else (arguments, {})
        variables = {name: self._reduce(value) for name, value in variables.items()}
        kept = {name: value for name, value in variables.items() if not _is_text(value)}

        def put(found):
            name = found.group(1)
            if name in variables and name not in kept:
                return flat(variables[name])
            return self.values.get(name, found.group(0))

        text = _VARIABLE.sub(put, text)
        if kept:
            return {"Fn::Sub": [text, kept]}
        return {"Fn::Sub": text} if _VARIABLE.search(text) else text


def _is_text(value):
    """Whether it can stand in a text: it is one, or a reference."""
    return isinstance(value, str) or set(value) in ({"Ref"}, {"Fn::GetAtt"})


def _apply(function, arguments):
    """Of what is known by now the result; else the function as it is."""
    known = not isinstance(arguments[1], dict) and all(isinstance(one, str) for one in arguments[1])
    if function == "Fn::Join" and known:
        return arguments[0].join(arguments[1])
    if function == "Fn::Split" and known:
        return arguments[1].split(arguments[0])
    if function == "Fn::Select" and known:
        return arguments[1][int(arguments[0])]
    return {function: arguments}


def flat(node):
    """The same with references as text."""
    if isinstance(node, list):
        return [flat(one) for one in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return f"${{{node['Ref']}}}"
    if set(node) == {"Fn::GetAtt"}:
        attribute = node["Fn::GetAtt"]
        return f"${{{attribute if isinstance(attribute, str) else '.'.join(attribute)}}}"
    if set(node) == {"Fn::Sub"}:
        text = node["Fn::Sub"]
        return text if isinstance(text, str) else text[0]
    if set(node) == {"Fn::Select"}:
        index, of = node["Fn::Select"]
        return flat(of[int(index)]) if isinstance(of, list) else {"Fn::Select": [index, flat(of)]}
    return {key: flat(value) for key, value in node.items()}


def _references(node):
    """The names of the resources that `node` refers to."""
    if isinstance(node, list):
        for one in node:
            yield from _references(one)
    elif isinstance(node, dict):
        for function, argument in node.items():
            if function == "Ref":
                names = [argument]
            elif function == "Fn::GetAtt":
                names = [argument.split(".")[0] if isinstance(argument, str) else argument[0]]
            elif function == "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                names = [found.split(".")[0] for found in _VARIABLE.findall(text) if found not in variables]
                yield from _references(variables)
            else:
                names = []
                yield from _references(argument)
            yield from (name for name in names if not name.startswith("AWS::"))



def statements(document):
    """A policy's statements, each with lists of actions and resources."""
    return [
        {field: [told] if field in ("Action", "Resource") and isinstance(told, str) else told
         for field, told in statement.items()}
        for statement in document["Statement"]
    ]
