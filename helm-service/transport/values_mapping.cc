#include "helm-service/transport/values_mapping.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/status/macros.h"
#include "helm-service/domain/yaml_values.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

absl::StatusOr<Json> ToJson(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      if (!std::isfinite(number) || number != std::trunc(number)) return Json(number);
      if (std::abs(number) >= static_cast<double>(kLargestExactInteger)) {
        return absl::InvalidArgumentError("an integer from 2^53 on may have lost digits: quote it");
      }
      return Json(static_cast<std::int64_t>(number));
    }
    case google::protobuf::Value::kStringValue:
      return Json(value.string_value());
    case google::protobuf::Value::kBoolValue:
      return Json(value.bool_value());
    case google::protobuf::Value::kStructValue:
      return StructToValues(value.struct_value());
    case google::protobuf::Value::kListValue: {
      Json list = Json::array();
      for (const google::protobuf::Value& element : value.list_value().values()) {
        ASSIGN_OR_RETURN(Json converted, ToJson(element));
        list.push_back(std::move(converted));
      }
      return list;
    }
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      return Json(nullptr);
  }
  return Json(nullptr);
}

google::protobuf::Value ToProtoValue(const Json& value) {
  google::protobuf::Value proto;
  if (value.is_object()) {
    *proto.mutable_struct_value() = ValuesToStruct(value);
  } else if (value.is_array()) {
    google::protobuf::ListValue& list = *proto.mutable_list_value();
    for (const Json& element : value) *list.add_values() = ToProtoValue(element);
  } else if (value.is_string()) {
    proto.set_string_value(value.get<std::string>());
  } else if (value.is_boolean()) {
    proto.set_bool_value(value.get<bool>());
  } else if (value.is_number()) {
    proto.set_number_value(value.get<double>());
  } else {
    proto.set_null_value(google::protobuf::NULL_VALUE);
  }
  return proto;
}

absl::StatusOr<Json> ReadSource(const v1::ValuesSource& source, const ValuesLimits& limits) {
  switch (source.source_case()) {
    case v1::ValuesSource::kValues: {
      ASSIGN_OR_RETURN(Json values, StructToValues(source.values()));
      RETURN_IF_ERROR(CheckValues(values, limits));
      return values;
    }
    case v1::ValuesSource::kYaml: {
      ASSIGN_OR_RETURN(Json values, ReadYamlValues(source.yaml(), limits));
      RETURN_IF_ERROR(CheckValues(values, limits));
      return values;
    }
    case v1::ValuesSource::SOURCE_NOT_SET:
      return absl::InvalidArgumentError("must have `values` or `yaml`");
  }
  return absl::InvalidArgumentError("must have `values` or `yaml`");
}

}  // namespace

absl::StatusOr<Json> StructToValues(const google::protobuf::Struct& structure) {
  Json values = Json::object();
  for (const auto& [key, value] : structure.fields()) {
    ASSIGN_OR_RETURN(values[key], ToJson(value));
  }
  return values;
}

google::protobuf::Struct ValuesToStruct(const Json& values) {
  google::protobuf::Struct structure;
  for (const auto& [key, value] : values.items()) {
    (*structure.mutable_fields())[key] = ToProtoValue(value);
  }
  return structure;
}

absl::StatusOr<Json> ToValues(const google::protobuf::RepeatedPtrField<v1::ValuesSource>& sources,
                              const ValuesLimits& limits, FieldViolations& violations) {
  std::size_t bytes = 0;
  for (const v1::ValuesSource& source : sources) bytes += source.ByteSizeLong();
  if (bytes > limits.bytes) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_REQUEST_TOO_LARGE,
                 fmt::format("values: {} bytes are more than the limit of {}", bytes, limits.bytes))
        .WithMetadata("limit_bytes", std::to_string(limits.bytes));
  }
  std::vector<Json> read;
  for (int i = 0; i < sources.size(); ++i) {
    absl::StatusOr<Json> values = ReadSource(sources[i], limits);
    if (values.ok()) {
      read.push_back(*std::move(values));
    } else {
      violations.AddAll(fmt::format("values[{}]", i), values.status());
    }
  }
  return MergeValues(std::move(read));
}

}  // namespace berth::helm
