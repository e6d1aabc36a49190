//! Charts, as SVG.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::scale::Scale;
use super::section::{Axis, Plot, Series};
use crate::error::Error;

const WIDTH: u32 = 1000;
const HEIGHT: u32 = 420;
const LEGEND: u32 = 180;

/// The colours of Okabe and Ito, which can be told apart with any kind of sight.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(0, 0, 0),
    RGBColor(240, 228, 66),
];

fn colour(series: usize) -> RGBColor {
    COLOURS[series % COLOURS.len()]
}

const FONT: &str = "sans-serif";
const TEXT: i32 = 17;
const GRID: RGBColor = RGBColor(220, 220, 220);

/// The chart as an SVG document.
pub(super) fn svg(plot: &Plot) -> Result<String, Error> {
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area();
    draw(plot, &root).map_err(|error| failed(plot, &error))?;
    root.present().map_err(|error| failed(plot, &error))?;
    drop(root);
    Ok(text)
}

fn failed(plot: &Plot, error: &dyn Display) -> Error {
    let reason = error.to_string();
    let name = plot.name;
    Error::Plot { name, reason }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw<'a>(plot: &Plot, root: &Area<'a>) -> Drawn<'a> {
    root.fill(&WHITE)?;
    let (area, side) = root.split_horizontally(WIDTH - LEGEND);
    legend(&plot.series, &side)?;
    let points = || plot.series.iter().flat_map(|series| &series.points);
    let x = Scale::of(&plot.x, points().map(|point| point.0), false);
    let y = Scale::of(&plot.y, points().map(|point| point.1), true);
    let floor = y.least();
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .caption(&plot.title, (FONT, 22))
        .x_label_area_size(52)
        .y_label_area_size(76)
        .build_cartesian_2d(x, y)?;
    let bars = matches!(plot.x, Axis::Names(..));
    let mut mesh = chart.configure_mesh();
    if bars {
        mesh.disable_x_mesh();
    }
    mesh.x_labels(plot.x.ticks())
        .y_labels(plot.y.ticks())
        .x_desc(plot.x.title())
        .y_desc(plot.y.title())
        .axis_desc_style((FONT, TEXT))
        .label_style((FONT, TEXT))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let width = 0.8 / plot.series.len().max(1) as f64;
    for (number, series) in plot.series.iter().enumerate() {
        let style = colour(number).filled();
        if bars {
            let left = number as f64 * width - 0.4;
            chart.draw_series(series.points.iter().map(|&(x, y)| {
                Rectangle::new([(x + left, floor), (x + left + width * 0.9, y)], style)
            }))?;
        } else {
            let line = LineSeries::new(series.points.iter().copied(), style.stroke_width(2));
            chart.draw_series(line.point_size(4))?;
        }
    }
    Ok(())
}

/// Beside the chart, where it hides nothing.
fn legend<'a>(series: &[Series], side: &Area<'a>) -> Drawn<'a> {
    for (number, series) in series.iter().enumerate() {
        let top = 50 + 22 * number as i32;
        let box_ = [(0, top), (14, top + 14)];
        side.draw(&Rectangle::new(box_, colour(number).filled()))?;
        side.draw(&Text::new(series.name.clone(), (20, top), (FONT, TEXT)))?;
    }
    Ok(())
}

impl Axis {
    fn title(&self) -> &'static str {
        match self {
            Axis::Linear(title) | Axis::Logarithmic(title) | Axis::Names(title, _) => title,
        }
    }

    /// How many labels there may be.
    fn ticks(&self) -> usize {
        match self {
            Axis::Linear(_) | Axis::Logarithmic(_) => 10,
            Axis::Names(_, names) => names.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series {
            name: name.to_owned(),
            points: points.to_vec(),
        }
    }

    #[test]
    fn names_and_series_are_written_and_bars_drawn() {
        let svg = svg(&Plot {
            name: "x",
            title: "a title".to_owned(),
            x: Axis::Names("traces", vec!["one".to_owned(), "two".to_owned()]),
            y: Axis::Linear("nanoseconds"),
            series: vec![
                series("ours", &[(0.0, 3.0), (1.0, 4.0)]),
                series("theirs", &[(1.0, 5.0)]),
            ],
        })
        .unwrap();
        for text in [
            "a title",
            "one",
            "two",
            "traces",
            "nanoseconds",
            "ours",
            "theirs",
        ] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        let bars = |colour: &str| svg.matches(&format!("fill=\"{colour}\"")).count();
        // One more in the legend.
        assert_eq!((bars("#0072B2"), bars("#E69F00")), (3, 2));
    }

    #[test]
    fn a_chart_of_nothing_and_of_what_no_logarithm_takes_is_drawn() {
        for points in [
            &[][..],
            &[(0.0, 0.0)],
            &[(1.0, 1.0)],
            &[(1.0, 5.0), (1e6, 0.1)],
        ] {
            let svg = svg(&Plot {
                name: "x",
                title: String::new(),
                x: Axis::Logarithmic("x"),
                y: Axis::Logarithmic("y"),
                series: vec![series("s", points)],
            });
            assert!(svg.unwrap().ends_with("</svg>\n"));
        }
    }
}
