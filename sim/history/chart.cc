#include "sim/history/chart.h"

#include <map>
#include <set>
#include <tuple>

#include "sim/base/describe.h"
#include "sim/base/text.h"
#include "sim/history/scale.h"

namespace ballast::history {
namespace {

constexpr int letter = 7;         // the width of a letter, nearly
constexpr int label_height = 18;  // of a line of labels of bands
constexpr int axis_height = 26;
constexpr int tick_distance = 110;
constexpr int most_aside = 20;  // of an arrow
constexpr int repeat = 600;     // a long bar or band says again what it is
constexpr std::size_t most_bands = 60;
constexpr std::size_t most_numbered = 99;  // places in the order that bear their number

std::string attribute(std::string_view name, std::int64_t value) {
  return " " + std::string(name) + "=\"" + std::to_string(value) + "\"";
}

std::string title(const std::string& text) { return "<title>" + escaped(text) + "</title>"; }

// As much of the text as fits; a letter is never cut in two.
std::string fitting(const std::string& text, int width) {
  const auto fits = static_cast<std::size_t>(std::max(width, 0) / letter);
  if (text.size() <= fits) return text;
  if (fits < 3) return "";
  std::size_t end = fits - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "\u2026";
}

// "w 5", where "write 5" does not fit.
std::string in_brief(const std::string& what) {
  const std::size_t blank = what.find(' ');
  if (blank == std::string::npos) return what.substr(0, 1);
  const std::size_t arrow = what.find("-> ");
  const bool answers = arrow == blank + 1;
  return what.substr(0, 1) + " " + what.substr(answers ? arrow + 3 : blank + 1);
}

// As many decimals of a second as tell one event from the next, usually.
std::string tick(const History& history, Time at, Duration typical) {
  std::string text = say_time(history, at);
  if (history.unit != TimeUnit::nanosecond) return text;
  std::size_t decimals = 9;
  for (std::int64_t unit = 10; unit <= typical.ns && decimals > 3; unit *= 10) --decimals;
  const std::size_t end = std::min(text.find('.') + 1 + decimals, text.size() - 2);
  return text.substr(0, end) + " s";
}

}  // namespace

std::string row_of(const History& history, const Operation& op) {
  Word who = op.owner;
  if (Values::is_list(who)) who = history.values.elements(who).front();
  if (Values::is_text(who)) return history.values.plain(who);
  if (op.owner != op.process) return "client " + history.values.say(who);
  return say_process(op.process, history.values);
}

namespace {

// Rows of clients, each of as many lanes as it has operations under way at once.
class Rows {
 public:
  struct Row {
    std::string name;
    std::vector<int> ends;  // by lane: where its last bar ends
    int y = 0;
  };

  // Rows of the clients that contradict each other come first.
  void add(const History& history, const TimeScale& scale,
           const std::vector<std::uint32_t>& operations, const std::vector<std::uint32_t>& core) {
    std::set<std::string> first;
    for (const std::uint32_t index : core) first.insert(row_of(history, history.operations[index]));
    for (const std::uint32_t index : operations) {
      const Operation& op = history.operations[index];
      const std::string name = row_of(history, op);
      const Place place{!first.contains(name), name.size(), name};
      Row& row = rows_.insert({place, {name, {}, 0}}).first->second;
      const int from = scale.x_of(op.called);
      std::size_t lane = 0;
      while (lane < row.ends.size() && row.ends[lane] > from) ++lane;
      if (lane == row.ends.size()) row.ends.push_back(0);
      row.ends[lane] = end_of(scale, op) + 1;
      lanes_[index] = {&row, lane};
    }
    std::size_t lanes = 0;
    for (const auto& [key, row] : rows_) lanes += row.ends.size();
    lane_height_ = lanes > 30 ? 20 : 28;
  }
  // Puts the rows below each other, and says where they end.
  int place(int top) {
    for (auto& [key, row] : rows_) {
      row.y = top;
      top += static_cast<int>(row.ends.size()) * lane_height_ + 8;
    }
    return top;
  }

  // Where a bar ends. An unknown operation is drawn up to when its client gave up.
  static int end_of(const TimeScale& scale, const Operation& op) {
    if (op.known()) return std::max(scale.x_of(op.returned), scale.x_of(op.called) + 6);
    if (op.ended == Time::max()) return scale.right();
    return std::max(scale.x_at(op.ended), scale.x_of(op.called) + 18);
  }
  int y_of(std::uint32_t index) const {
    const auto& [row, lane] = lanes_.at(index);
    return row->y + 4 + static_cast<int>(lane) * lane_height_;
  }
  int bar_height() const { return lane_height_ > 20 ? 19 : 15; }
  int text_y(int y) const { return y + (lane_height_ > 20 ? 13 : 12); }
  const auto& all() const { return rows_; }
  int height_of(const Row& row) const {
    return static_cast<int>(row.ends.size()) * lane_height_ + 8;
  }

 private:
  using Place = std::tuple<bool, std::size_t, std::string>;  // c2 before c10

  std::map<Place, Row> rows_;
  std::map<std::uint32_t, std::pair<const Row*, std::size_t>> lanes_;
  int lane_height_ = 28;
};

class Chart {
 public:
  Chart(const History& history, const PageSection& section, const std::vector<Band>& bands)
      : history_(history),
        section_(section),
        explanation_(section.explanation),
        drawn_(choose(section.operations)),
        scale_(history, drawn_) {
    rows_.add(history_, scale_, drawn_, explanation_.core);
    place_bands(bands);
    axis_y_ = 6 + static_cast<int>(label_ends_.size()) * label_height + axis_height;
    height_ = rows_.place(axis_y_) + 12;
    if (is_stuck()) height_ += label_height;
  }

  Drawing draw() const {
    Drawing drawing;
    drawing.operations = drawn_.size();
    drawing.has_bands = !bands_.empty();
    drawing.has_order = !explanation_.order.empty();
    std::string bars;
    for (const std::uint32_t index : drawn_) {
      bars += bar(index);
      drawing.has_unknown |= !history_.operations[index].known();
    }
    int shown = is_stuck() ? scale_.x_of(stuck().returned) : scale_.width();
    if (!section_.arrows.empty()) {
      shown = scale_.x_of(history_.operations[section_.arrows.back().to].called);
    }
    drawing.html = "<div class=\"chart\"" + attribute("data-at", shown) + ">" + names() + "<svg" +
                   attribute("width", scale_.width()) + attribute("height", height_) +
                   " role=\"img\" aria-label=\"operations over time\">\n" + shades() + axis() +
                   bars + order() + arrows() + stuck_line() + "</svg></div>\n";
    return drawing;
  }

 private:
  struct Placed {
    Band band;
    int from = 0;
    int to = 0;
    int line = 0;
    bool labelled = true;
  };

  const Operation& stuck() const { return history_.operations[explanation_.stuck]; }
  bool is_stuck() const { return explanation_.stuck != Operation::never && stuck().known(); }

  // The core, and of the others those that were called last before the failure.
  std::vector<std::uint32_t> choose(const std::vector<std::uint32_t>& operations) const {
    std::set<std::uint32_t> chosen(explanation_.core.begin(), explanation_.core.end());
    chosen.insert(explanation_.maybe.begin(), explanation_.maybe.end());
    if (explanation_.stuck != Operation::never) chosen.insert(explanation_.stuck);
    const std::uint32_t until = is_stuck() ? stuck().returned : history_.events;
    std::size_t spare = most_drawn;
    for (auto at = operations.rbegin(); at != operations.rend() && spare > 0; ++at) {
      if (history_.operations[*at].called > until) continue;
      chosen.insert(*at);
      --spare;
    }
    return {chosen.begin(), chosen.end()};
  }

  // Labels stand above the axis, in as many lines as they need.
  void place_bands(const std::vector<Band>& bands) {
    if (drawn_.empty()) return;
    const Time first = scale_.columns().front().at;
    const Time last = scale_.columns().back().at;
    for (const Band& band : bands) {
      if (band.to < first || band.from > last || bands_.size() == most_bands) continue;
      Placed placed{band, scale_.x_at(band.from), scale_.x_at(band.to)};
      const int width = static_cast<int>(label_of(band).size()) * letter + 8;
      std::size_t line = 0;
      while (line < label_ends_.size() && label_ends_[line] > placed.from) ++line;
      if (line == label_ends_.size()) label_ends_.push_back(0);
      label_ends_[line] = std::max(placed.from + width, placed.to);
      placed.line = static_cast<int>(line);
      bands_.push_back(std::move(placed));
    }
  }
  static std::string label_of(const Band& band) { return fitting(band.text, 40 * letter); }

  std::string shades() const {
    std::string text;
    for (const Placed& each : bands_) {
      const std::string until =
          each.band.to == Time::max() ? "the end" : say_time(history_, each.band.to);
      const int label_y = 6 + each.line * label_height;
      text += "<g class=\"band\">" +
              title(each.band.text + "\n" + say_time(history_, each.band.from) + " to " + until) +
              "<rect class=\"shade\"" + attribute("x", each.from) + attribute("y", label_y) +
              attribute("width", std::max(each.to - each.from, 2)) +
              attribute("height", height_ - label_y) + "/>";
      const std::string label = escaped(label_of(each.band));
      for (int x = each.from; x == each.from || x + 300 < each.to; x += repeat) {
        text += "<text" + attribute("x", x + 4) + attribute("y", label_y + 13) + ">" + label +
                "</text>";
      }
      text += "</g>\n";
    }
    return text;
  }

  // Times at some events, and a sign where a long time without any was cut short.
  std::string axis() const {
    std::string text = "<line class=\"axis\" x1=\"0\"" + attribute("x2", scale_.width()) +
                       attribute("y1", axis_y_) + attribute("y2", axis_y_) + "/>\n";
    int free_from = 0;
    for (const TimeScale::Column& column : scale_.columns()) {
      if (column.x >= free_from) {
        text += "<line class=\"grid\"" + attribute("x1", column.x) + attribute("x2", column.x) +
                attribute("y1", axis_y_ - 4) + attribute("y2", height_) + "/><text class=\"tick\"" +
                attribute("x", column.x) + attribute("y", axis_y_ - 8) + ">" +
                tick(history_, column.at, scale_.typical()) + "</text>\n";
        free_from = column.x + tick_distance;
      }
      if (column.cut) {
        text += "<text class=\"cut\"" + attribute("x", column.x + 56) +
                attribute("y", axis_y_ + 4) + ">//" +
                title("nothing began or ended here for a long time") + "</text>\n";
      }
    }
    for (const auto& [key, row] : rows_.all()) {
      const int y = row.y + rows_.height_of(row);
      text += "<line class=\"axis\" x1=\"0\"" + attribute("x2", scale_.width()) +
              attribute("y1", y) + attribute("y2", y) + "/>\n";
    }
    return text;
  }

  // The names stay in sight when the rest is moved.
  std::string names() const {
    const bool timed = history_.unit == TimeUnit::nanosecond;
    int width = 70;
    for (const auto& [key, row] : rows_.all()) {
      width = std::max(width, 24 + static_cast<int>(row.name.size()) * letter);
    }
    std::string svg = "<svg class=\"names\"" + attribute("width", width) +
                      attribute("height", height_) + "><text class=\"tick\" x=\"10\"" +
                      attribute("y", axis_y_ - 8) + ">" +
                      std::string(timed ? "time" : name_of(history_.unit)) +
                      "</text><line class=\"axis\" x1=\"0\"" + attribute("x2", width) +
                      attribute("y1", axis_y_) + attribute("y2", axis_y_) + "/>\n";
    for (const auto& [key, row] : rows_.all()) {
      const int y = row.y + rows_.height_of(row);
      svg += "<text x=\"10\"" + attribute("y", rows_.text_y(row.y + 4)) + ">" + escaped(row.name) +
             "</text><line class=\"axis\" x1=\"0\"" + attribute("x2", width) + attribute("y1", y) +
             attribute("y2", y) + "/>\n";
    }
    return svg + "</svg>";
  }

  std::string bar(std::uint32_t index) const {
    const Operation& op = history_.operations[index];
    const std::vector<std::uint32_t>& core = explanation_.core;
    std::string names = "op";
    if (std::find(core.begin(), core.end(), index) != core.end()) names += " core";
    if (index == explanation_.stuck) names += " stuck";
    if (!op.known()) names += " unknown";
    const int from = scale_.x_of(op.called);
    const int width = Rows::end_of(scale_, op) - from;
    const int y = rows_.y_of(index);
    const auto label = section_.labels.find(index);
    const std::string what =
        label == section_.labels.end() ? say(op, history_.values) : label->second.text;
    const std::string ended = op.ended == Time::max() ? "the end" : say_time(history_, op.ended);
    const std::string process = say_process(op.process, history_.values);
    const std::string row = row_of(history_, op);
    const std::string hint =
        what + "\n" + (row == process ? row : row + ", " + process) + "\n" +
        say_time(history_, op.invoked) + " to " +
        (op.known() ? ended : ended + ", unknown: it may take effect at any time, or never") +
        (op.line > 0 && history_.unit != TimeUnit::line ? "\nline " + std::to_string(op.line) : "");
    std::string text = "<g class=\"" + names + "\">" + title(hint) +
                       "<rect class=\"bar\" rx=\"3\"" + attribute("x", from) + attribute("y", y) +
                       attribute("width", width) + attribute("height", rows_.bar_height()) + "/>";
    const bool labelled = label != section_.labels.end();
    const int room = labelled ? (width - 8) * 6 / 7 : width - 8;  // these are long, of digits
    std::string shown = fitting(what, room);
    if (shown != what) shown = fitting(labelled ? label->second.brief : in_brief(what), room);
    const int least = std::max(100, static_cast<int>(shown.size()) * (letter + 1));
    for (int at = 0; at == 0 || at + least < width; at += repeat) {
      text += "<text" + attribute("x", from + at + 5) + attribute("y", rows_.text_y(y)) + ">" +
              escaped(shown) + "</text>";
    }
    return text + "</g>\n";
  }

  // The order in which operations took effect: each as early as those before it allow, between the
  // event that let it and the next one.
  std::string order() const {
    std::vector<std::uint32_t> latest(explanation_.order.size(), 0);
    std::map<std::size_t, std::size_t> all;  // by column
    std::uint32_t call = 0;
    for (std::size_t i = 0; i < latest.size(); ++i) {
      call = std::max(call, history_.operations[explanation_.order[i]].called);
      latest[i] = call;
      if (is_drawn(explanation_.order[i])) ++all[scale_.column_of(call)];
    }
    const bool numbered = explanation_.order.size() <= most_numbered;
    std::string points;
    std::string dots;
    std::map<std::size_t, std::size_t> so_far;
    for (std::size_t i = 0; i < latest.size(); ++i) {
      const std::uint32_t index = explanation_.order[i];
      if (!is_drawn(index)) continue;
      const std::size_t column = scale_.column_of(latest[i]);
      const int x = scale_.within(latest[i], so_far[column]++, all[column]);
      const int y = rows_.y_of(index) + rows_.bar_height();
      points += std::to_string(x) + "," + std::to_string(y) + " ";
      dots += "<g>" +
              title("number " + std::to_string(i + 1) +
                    " to take effect: " + say(history_.operations[index], history_.values)) +
              "<circle class=\"dot\"" + attribute("r", numbered ? 6 : 3) + attribute("cx", x) +
              attribute("cy", y) + "/>";
      if (numbered) {
        dots += "<text class=\"number\"" + attribute("x", x) + attribute("y", y + 3) + ">" +
                std::to_string(i + 1) + "</text>";
      }
      dots += "</g>\n";
    }
    if (points.empty()) return "";
    return "<polyline class=\"order\" points=\"" + points + "\"/>" + dots + "\n";
  }
  bool is_drawn(std::uint32_t index) const {
    return std::binary_search(drawn_.begin(), drawn_.end(), index);
  }

  // From further right in one bar to further left in another, and bent to a side that depends on
  // the direction, so that two between the same bars do not cover each other.
  std::string arrows() const {
    std::string text;
    for (const PageSection::Arrow& each : section_.arrows) {
      const auto at = [&](std::uint32_t index, int part) {
        const Operation& op = history_.operations[index];
        const int from = scale_.x_of(op.called);
        return from + std::min(Rows::end_of(scale_, op) - from, most_aside * 4) * part / 4;
      };
      const int x1 = at(each.from, 3);
      const int x2 = at(each.to, 1);
      const int y1 = rows_.y_of(each.from) + rows_.bar_height() / 2;
      const int y2 = rows_.y_of(each.to) + rows_.bar_height() / 2;
      const int aside = y1 == y2 ? 0 : y1 < y2 ? -most_aside : most_aside;
      const int bend = y1 != y2 ? 0 : x1 < x2 ? most_aside : -most_aside;
      const int x = (x1 + x2) / 2 + aside;
      const int y = (y1 + y2) / 2 + bend;
      const auto place = [](int a, int b) { return std::to_string(a) + "," + std::to_string(b); };
      const std::string side = aside == 0 ? "" : aside < 0 ? " left" : " right";
      text += "<g class=\"arrow" + side + "\">" + title(each.hint) + "<path d=\"M" + place(x1, y1) +
              " Q" + place(x, y) + " " + place(x2, y2) + "\" marker-end=\"url(#head)\"/><text" +
              attribute("x", (x1 + x2 + 2 * x) / 4) + attribute("y", (y1 + y2 + 2 * y) / 4) + ">" +
              escaped(each.text) + "</text></g>\n";
    }
    return text;
  }

  std::string stuck_line() const {
    if (!is_stuck()) return "";
    const int x = scale_.x_of(stuck().returned);
    return "<g class=\"here\"><line" + attribute("x1", x) + attribute("x2", x) +
           attribute("y1", axis_y_) + attribute("y2", height_ - 4) + "/><text" +
           attribute("x", x - 6) + attribute("y", height_ - 6) + ">" +
           escaped(say(stuck(), history_.values)) + " cannot return here</text></g>\n";
  }

  const History& history_;
  const PageSection& section_;
  const Explanation& explanation_;
  std::vector<std::uint32_t> drawn_;
  TimeScale scale_;
  Rows rows_;
  std::vector<Placed> bands_;
  std::vector<int> label_ends_;
  int axis_y_ = 0;
  int height_ = 0;
};

// What a remark ends, if it ends anything: "stop-partition" ends "start-partition".
std::string opened_by(const std::string& word) {
  if (word.starts_with("stop")) return "start" + word.substr(4);
  if (word == "resume") return "pause";
  if (word == "restart") return "kill";
  return "";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

Drawing draw_chart(const History& history, const PageSection& section,
                   const std::vector<Band>& bands) {
  return Chart(history, section, bands).draw();
}

// A nemesis remarks what it sets out to do and, later, that it has done it: a fault stands from the
// first of its two beginnings to the last of its two ends.
std::vector<Band> bands_of(const History& history) {
  std::vector<Band> bands;
  std::map<std::string, std::size_t> standing;  // by the word that began it
  std::map<std::string, std::size_t> over;
  for (const Remark& remark : history.remarks) {
    const std::string word = remark.text.substr(0, remark.text.find(' '));
    const std::string began = opened_by(word);
    if (word.starts_with("start") || word == "pause" || word == "kill") {
      if (!standing.contains(word)) {
        standing[word] = bands.size();
        bands.push_back({remark.at, Time::max(), remark.text});
      }
      over.erase(word);
    } else if (standing.contains(began)) {
      bands[standing[began]].to = remark.at;
      over[began] = standing[began];
      standing.erase(began);
    } else if (over.contains(began)) {
      bands[over[began]].to = remark.at;
    } else {
      bands.push_back({remark.at, remark.at, remark.text});
    }
  }
  return bands;
}

}  // namespace ballast::history
