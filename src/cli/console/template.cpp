#include "cli/console/template.h"

#include <algorithm>

#include "cli/console/template_tree.h"
#include "cli/console/template_value.h"
#include "cli/console/units.h"

namespace podo::cli {

struct Template::Parsed {
  std::vector<Block> blocks;
};

namespace {

using Kind = Datum::Kind;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

json::Value find_field(json::Value object, std::string_view name) {
  json::Value exact = object.find(name);
  if (exact.present()) return exact;
  auto same = [](char a, char b) { return lower(a) == lower(b); };
  for (auto [key, value] : object.members())
    if (std::ranges::equal(key, name, same)) return value;
  return {};
}

// Objects whose members are data: what is missing there is no mistake of the template.
bool is_map(std::string_view name) {
  constexpr std::string_view maps[] = {"Labels",  "Options", "Networks", "Ports", "Annotations", "Sysctls",
                                       "Volumes", "Storage", "LogOpts",  "Data",  "Attributes"};
  return std::ranges::contains(maps, name);
}

class Run {
 public:
  explicit Run(json::Value root) : root_(Datum::of(root)) { variables_.emplace_back("$", root_); }

  Result<std::string> all(const std::vector<Block>& blocks) {
    TRY(run(blocks, root_));
    return std::move(out_);
  }

 private:
  Result<> run(const std::vector<Block>& blocks, const Datum& dot) {
    std::size_t known = variables_.size();
    for (const Block& block : blocks) TRY(run(block, dot));
    variables_.resize(known, {"", Datum()});
    return {};
  }

  Result<> run(const Block& block, const Datum& dot) {
    if (block.kind == Block::Kind::text) {
      out_ += block.text;
      return {};
    }
    Datum value = TRY(evaluate(block.pipeline, dot));
    switch (block.kind) {
      case Block::Kind::print: out_ += value.print(); return {};
      case Block::Kind::assign: assign(block.variable, std::move(value)); return {};
      case Block::Kind::range: return repeat(block, value, dot);
      case Block::Kind::with:
        return run(value.is_true() ? block.body : block.otherwise, value.is_true() ? value : dot);
      case Block::Kind::branch: return run(value.is_true() ? block.body : block.otherwise, dot);
      case Block::Kind::text: break;
    }
    return {};
  }

  void assign(const std::string& name, Datum value) { variables_.emplace_back(name, std::move(value)); }

  Result<> repeat(const Block& block, const Datum& over, const Datum& dot) {
    std::vector<Datum> items = over.items();
    if (items.empty()) return run(block.otherwise, dot);
    std::size_t known = variables_.size();
    for (std::size_t i = 0; i < items.size(); ++i) {
      bool named = over.kind == Kind::json && over.value.is(json::Kind::object);
      if (!block.key.empty())
        assign(block.key, named ? Datum::of_text(std::string(over.value.key(i)))
                                : Datum::of_number(static_cast<std::int64_t>(i)));
      if (!block.variable.empty()) assign(block.variable, items[i]);
      TRY(run(block.body, items[i]));
      variables_.resize(known, {"", Datum()});
    }
    return {};
  }

  Result<Datum> evaluate(const Pipeline& pipeline, const Datum& dot) {
    std::optional<Datum> last;
    for (const Command& command : pipeline.commands) last = TRY(evaluate(command, dot, last));
    return *std::move(last);
  }

  Result<Datum> evaluate(const Command& command, const Datum& dot, const std::optional<Datum>& last) {
    const Operand& first = command.operands[0];
    std::vector<Datum> arguments;
    for (std::size_t i = 1; i < command.operands.size(); ++i)
      arguments.push_back(TRY(evaluate(command.operands[i], dot)));
    if (first.kind == Operand::Kind::function) {
      if (last) arguments.push_back(*last);
      auto result = call_function(first.text, std::move(arguments));
      if (!result) return invalid("function \"{}\" not defined", first.text);
      return *std::move(result);
    }
    bool label = first.kind == Operand::Kind::dot && first.path == std::vector<std::string>{"Label"};
    if (label && arguments.size() == 1) return label_of(dot, arguments[0].text);
    if (!arguments.empty()) return invalid("can't give argument to non-function");
    return evaluate(first, dot);
  }

  // Rows have their labels as "a=1,b=2".
  static Result<Datum> label_of(const Datum& row, const std::string& name) {
    json::Value labels = row.kind == Kind::json ? row.value.find("Labels") : json::Value();
    for (const std::string& label : split(labels.is(json::Kind::string) ? labels.string() : "", ','))
      if (label.starts_with(name + "=")) return Datum::of_text(label.substr(name.size() + 1));
    return Datum::of_text("");
  }

  Result<Datum> evaluate(const Operand& operand, const Datum& dot) {
    Datum value;
    switch (operand.kind) {
      case Operand::Kind::dot: value = dot; break;
      case Operand::Kind::nil: break;
      case Operand::Kind::text: value = Datum::of_text(operand.text); break;
      case Operand::Kind::truth: value = Datum::of_truth(operand.text == "true"); break;
      case Operand::Kind::number:
        value = Datum::of_number(::strtoll(operand.text.c_str(), nullptr, 10));
        break;
      case Operand::Kind::group: value = TRY(evaluate(operand.group[0], dot)); break;
      case Operand::Kind::variable: {
        auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                  [&](const auto& variable) { return variable.first == operand.text; });
        if (found == variables_.rend()) return invalid("undefined variable \"{}\"", operand.text);
        value = found->second;
        break;
      }
      case Operand::Kind::function: {
        auto result = call_function(operand.text, {});
        if (!result) return invalid("function \"{}\" not defined", operand.text);
        value = TRY(*std::move(result));
        break;
      }
    }
    return descend(std::move(value), operand.path);
  }

  static Result<Datum> descend(Datum value, const std::vector<std::string>& path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
      std::string shown = "." + join({path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i) + 1}, ".");
      if (value.kind == Kind::none) return invalid("<{}>: nil pointer evaluating {}", shown, path[i]);
      bool object = value.kind == Kind::json && value.value.is(json::Kind::object);
      json::Value found = object ? find_field(value.value, path[i]) : json::Value();
      bool may_miss = i > 0 && is_map(path[i - 1]);
      if (!found.present() && !may_miss)
        return invalid("<{}>: map has no entry for key \"{}\"", shown, path[i]);
      value = Datum::of(found);
    }
    return value;
  }

  Datum root_;
  std::vector<std::pair<std::string, Datum>> variables_;
  std::string out_;
};

}  // namespace

Template::Template(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source) {
  auto parsed = std::make_unique<Parsed>();
  parsed->blocks = TRY_IN("template parsing error", parse_template(source));
  return Template(std::move(parsed));
}

Result<std::string> Template::run(json::Value value) const {
  return TRY_IN("template", Run(value).all(parsed_->blocks));
}

}  // namespace podo::cli
