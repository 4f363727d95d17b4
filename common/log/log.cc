#include "common/log/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::log {
namespace {

using nlohmann::ordered_json;

// The one log of the process: threading it through every function would cost more than it explains.
struct State {
  Format format = Format::kText;
  std::shared_ptr<spdlog::logger> logger;
};

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

State MakeState(const Options& options) {
  std::ostream& output = options.output != nullptr ? *options.output : std::cerr;
  const bool flush_every_line = true;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(output, flush_every_line);
  auto logger = std::make_shared<spdlog::logger>("berth", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(ToSpdlog(options.level));
  return {.format = options.format, .logger = std::move(logger)};
}

State& Instance() {
  static State& state = *new State(MakeState({}));  // never destroyed: threads may log to the end
  return state;
}

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                     since_epoch.count() % 1000);
}

// One line whatever the value holds; bytes that are not UTF-8 are replaced.
std::string Dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json ToJson(const Field::Value& value) {
  return std::visit([](const auto& held) { return ordered_json(held); }, value);
}

// Words stand as they are, everything else is quoted as in JSON.
std::string ToText(const Field::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) {
    return Dump(ToJson(value));
  }
  const auto plain = [](unsigned char letter) {
    return letter > ' ' && letter < 0x7F && letter != '"' && letter != '=' && letter != '\\';
  };
  if (!text->empty() && std::all_of(text->begin(), text->end(), plain)) {
    return std::string(*text);
  }
  return Dump(*text);
}

std::string JsonLine(Level level, std::string_view message, Fields fields) {
  ordered_json line = {{"time", Timestamp()}, {"level", LevelName(level)}, {"message", message}};
  for (const Field& field : fields) {
    line.emplace(field.key(), ToJson(field.value()));  // the three above cannot be overwritten
  }
  return Dump(line);
}

std::string TextLine(Level level, std::string_view message, Fields fields) {
  std::string line = fmt::format("{} {:7} {}", Timestamp(), LevelName(level), message);
  for (const Field& field : fields) {
    line += fmt::format(" {}={}", field.key(), ToText(field.value()));
  }
  return line;
}

}  // namespace

void Init(const Options& options) { Instance() = MakeState(options); }

bool Enabled(Level level) { return Instance().logger->should_log(ToSpdlog(level)); }

void Write(Level level, std::string_view message, Fields fields) {
  if (!Enabled(level)) {
    return;
  }
  const State& state = Instance();
  const std::string line = state.format == Format::kJson ? JsonLine(level, message, fields)
                                                         : TextLine(level, message, fields);
  state.logger->log(ToSpdlog(level), line);
}

void Debug(std::string_view message, Fields fields) { Write(Level::kDebug, message, fields); }
void Info(std::string_view message, Fields fields) { Write(Level::kInfo, message, fields); }
void Warning(std::string_view message, Fields fields) { Write(Level::kWarning, message, fields); }
void Error(std::string_view message, Fields fields) { Write(Level::kError, message, fields); }

}  // namespace berth::log
