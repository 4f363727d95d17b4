#include "helm-service/domain/chart_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace berth::helm {
namespace {

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// `word` is in lower case.
bool Contains(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char in_text, char in_word) { return Lower(in_text) == in_word; }) !=
         text.end();
}

bool Fits(const IndexedChart& chart, const IndexedVersion& version, const std::string& word) {
  return Contains(chart.name, word) || Contains(version.description, word) ||
         Contains(version.keywords, word);
}

// 0 for the chart itself, 1 for a word in its name, 2 for the rest.
int Rank(const IndexedChart& chart, const ChartQuery& query) {
  const auto in_name = [&](const std::string& word) { return Contains(chart.name, word); };
  if (query.words.size() == 1 && chart.name.size() == query.words.front().size() &&
      in_name(query.words.front())) {
    return 0;
  }
  return std::any_of(query.words.begin(), query.words.end(), in_name) ? 1 : 2;
}

}  // namespace

std::vector<std::string> ChartQuery::Words(std::string_view text) {
  std::vector<std::string> words;
  for (const char c : text) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (words.empty() || (blank && !words.back().empty())) words.emplace_back();
    if (!blank) words.back() += Lower(c);
  }
  if (!words.empty() && words.back().empty()) words.pop_back();
  return words;
}

std::vector<ChartHit> Search(const ChartIndex& index, const RepositoryName& repository,
                             const ChartQuery& query) {
  std::vector<ChartHit> hits;
  for (const IndexedChart& chart : index.charts()) {
    const std::optional<std::size_t> chosen = query.versions.Choose(chart.VersionTexts());
    if (!chosen.has_value()) continue;
    const IndexedVersion& version = chart.versions[*chosen];
    const bool fits =
        std::all_of(query.words.begin(), query.words.end(),
                    [&](const std::string& word) { return Fits(chart, version, word); });
    if (!fits) continue;
    hits.push_back(
        {.order = fmt::format("{} {} {}", Rank(chart, query), chart.name, repository.value()),
         .repository = repository.value(),
         .chart = chart.name,
         .version = version});
  }
  return hits;
}

}  // namespace berth::helm
